/**
 * What an experiment is, what it is given, and what it finds.
 *
 * An experiment runs servers through a {@linkcode LabHost} that the command line injects. So
 * this folder knows no server of ktcp, only addresses and process numbers.
 */
import type { ServerCommand, StartedServer } from "../processes/server.ts";
import type { DropOutcome } from "../../system/sockets/port_sockets.ts";
import type { FigureKey } from "./figures.ts";
import type { MeasureOptions, VariantResult } from "./measure.ts";
import type { Finding } from "./verdict.ts";
import type { WorkqueueTrials } from "./workqueue_trials.ts";

/** The protocols that a server under test may speak. */
export type Protocol = "echo" | "http";

/** A server that somebody else started. */
export interface Target {
  /** How tables call it. */
  name: string;
  /** A name or an address. */
  hostname: string;
  /** Where it listens. */
  port: number;
  /** The processes that serve, whose CPU time is a figure; none where they are unknown. */
  pids?: readonly number[];
}

/** A server of the command line's `--target`. */
export interface ForeignTarget extends Target {
  /** What it speaks. */
  protocol: Protocol;
  /**
   * How long an echo is at the least, whatever was sent: such a server sends its whole buffer, as
   * `user-echo-server` does. Only messages of that size come back as they were. Null: as long as
   * what was sent.
   */
  padsTo: number | null;
}

/** A server that was started for the experiment, in its own process. */
export type LabServer = StartedServer;

/** The rest of the program, as far as experiments need it. */
export interface LabHost {
  /**
   * Starts `ktcp echo`, `ktcp http`, or an original of the course (its name first) with `args` on a
   * free port. @throws when it does not run
   */
  start(command: ServerCommand, args: readonly string[]): Promise<LabServer>;
  /** Starts nginx with `return 200` on a free port; a text says why there is none. */
  startNginx(): Promise<LabServer | string>;
  /**
   * Counts the system calls that process `pid` makes during `load`; a text says why it cannot.
   */
  countSyscalls(pid: number, load: () => Promise<void>): Promise<Map<string, number> | string>;
  /** Accept queue of the listener on `port`, and its limit; null when that cannot be told. */
  acceptQueue(port: number): { length: number; limit: number | null } | null;
  /** How many sockets of `port` are in TIME-WAIT; null when that cannot be told. */
  countTimeWait(port: number): number | null;
  /** Drops the sockets of `port` that are in TIME-WAIT. */
  dropTimeWait(port: number): DropOutcome;
  /** Trials of the servers' workqueue, in this process. */
  workqueue: WorkqueueTrials;
}

/** What a run of an experiment is given. */
export interface LabContext extends MeasureOptions {
  /** Fewer, shorter measurements: all experiments together within six minutes. */
  isQuick: boolean;
  /** What the lab may ask of the rest of the program. */
  host: LabHost;
  /** The concurrency models of `--model`, its default first. */
  models: readonly string[];
  /** Further servers, already told apart by protocol. */
  targets: readonly ForeignTarget[];
}

/** What is drawn: the same description makes a plot in the terminal and charts in a report. */
export type Drawing =
  /** Bars with whiskers of one figure, for all variants of some groups. */
  | { kind: "bars"; title: string; figure: FigureKey; groups: string[] }
  /** One line for each label of a group, over the variants' `x`. */
  | { kind: "lines"; title: string; figure: FigureKey; group: string; x: string }
  /** Distributions of the latency `of` the variants of a group. */
  | { kind: "cdf" | "spectrum"; title: string; of: string; group: string; x?: number }
  /** A dot for each client, its mean latency, the variants of a group over each other. */
  | { kind: "scatter"; title: string; group: string };

/** What an experiment found. */
export interface LabFindings {
  /** What was run: one sentence each. */
  setup: string[];
  /** What was measured. */
  variants: VariantResult[];
  /** What is drawn of it. */
  drawings: Drawing[];
  /** What follows from it. */
  findings: Finding[];
}

/** An experiment. */
export interface Lab {
  /** As `ktcp lab` takes it. */
  name: string;
  /** A sentence that ends with a question mark. */
  question: string;
  /** How long it took on two cores, with `--quick` and without: whole seconds, for `lab list`. */
  seconds: { quick: number; full: number };
  /** Which servers of `--target` it can take into its comparison. */
  takes: readonly Protocol[];
  /** Measures. @throws when a server does not start, or a load cannot be put on it */
  run(context: LabContext): Promise<LabFindings>;
}
