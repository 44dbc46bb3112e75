/**
 * The interface of experiments: what one is, its input, and its findings.
 *
 * An experiment runs servers through a {@linkcode LabHost} that the command line injects. So this
 * folder does not know ktcp's servers, only addresses and process IDs.
 */
import type { ServerCommand, StartedServer } from "../processes/server.ts";
import type { DropOutcome } from "../../system/sockets/port_sockets.ts";
import type { FigureKey } from "./figures.ts";
import type { MeasureOptions, VariantResult } from "./measure.ts";
import type { Finding } from "./verdict.ts";
import type { WorkqueueTrials } from "./workqueue_trials.ts";

/** The protocols that a server under test may speak. */
export type Protocol = "echo" | "http";

/** A server that was started elsewhere. */
export interface Target {
  /** Its name in tables. */
  name: string;
  /** A name or an address. */
  hostname: string;
  /** The port it listens on. */
  port: number;
  /** The server's processes, whose CPU time is a figure; absent if unknown. */
  pids?: readonly number[];
}

/** A server of the command line's `--target`. */
export interface ForeignTarget extends Target {
  /** Its protocol. */
  protocol: Protocol;
  /**
   * Length to which each echo is padded, in bytes: such a server sends its whole buffer, as
   * `user-echo-server` does, so only messages of that size come back unchanged. Null: echoes are as
   * long as the messages.
   */
  padsTo: number | null;
}

/** A server that was started for the experiment, in its own process. */
export type LabServer = StartedServer;

/** What experiments need of the rest of the program. */
export interface LabHost {
  /**
   * Starts `ktcp echo`, `ktcp http`, or an original of the course (its name first) with `args` on a
   * free port. @throws when it does not run
   */
  start(command: ServerCommand, args: readonly string[]): Promise<LabServer>;
  /** Starts nginx with `return 200` on a free port; a string says why it cannot. */
  startNginx(): Promise<LabServer | string>;
  /**
   * Counts the system calls that process `pid` makes during `load`; a string says why it cannot.
   */
  countSyscalls(pid: number, load: () => Promise<void>): Promise<Map<string, number> | string>;
  /** Length of the accept queue of the listener on `port`, and its limit; null if unknown. */
  acceptQueue(port: number): { length: number; limit: number | null } | null;
  /** How many sockets of `port` are in TIME-WAIT; null if unknown. */
  countTimeWait(port: number): number | null;
  /** Drops the sockets of `port` that are in TIME-WAIT. */
  dropTimeWait(port: number): DropOutcome;
  /** Trials of the servers' workqueue, in this process. */
  workqueue: WorkqueueTrials;
}

/** The input of a run. */
export interface LabContext extends MeasureOptions {
  /**
   * Fewer and shorter measurements, so that all experiments together take less than four minutes.
   */
  isQuick: boolean;
  /** The rest of the program. */
  host: LabHost;
  /** The concurrency models of `--model`, its default first. */
  models: readonly string[];
  /** Further servers, whose protocol is known. */
  targets: readonly ForeignTarget[];
}

/** A plot, as a description from which both the terminal and the report draw it. */
export type Drawing =
  /** Bars with whiskers of one figure, for all variants of some groups. */
  | { kind: "bars"; title: string; figure: FigureKey; groups: string[] }
  /** One line for each label of a group, over the variants' `x`. */
  | { kind: "lines"; title: string; figure: FigureKey; group: string; x: string }
  /** Distributions of the latency `of` the variants of a group. */
  | { kind: "cdf" | "spectrum"; title: string; of: string; group: string; x?: number }
  /** A dot for each client's mean latency, with the variants of a group overlaid. */
  | { kind: "scatter"; title: string; group: string };

/** What an experiment found. */
export interface LabFindings {
  /** What was run, as sentences. */
  setup: string[];
  /** What was measured. */
  variants: VariantResult[];
  /** Its plots. */
  drawings: Drawing[];
  /** The conclusions. */
  findings: Finding[];
}

/** An experiment. */
export interface Lab {
  /** Its name, as given to `ktcp lab`. */
  name: string;
  /** A sentence that ends with a question mark. */
  question: string;
  /** How long it took on two cores, with `--quick` and without: whole seconds, for `lab list`. */
  seconds: { quick: number; full: number };
  /** The protocols of the `--target` servers that it can include. */
  takes: readonly Protocol[];
  /** Runs the experiment. @throws when a server does not start, or cannot be loaded */
  run(context: LabContext): Promise<LabFindings>;
}
