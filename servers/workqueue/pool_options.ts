/** What Workers are made of, and how many there are: options and their defaults. */
import { systemClock } from "../../system/clock.ts";
import type { Clock } from "./clock.ts";
import type { WorkerSource } from "./owner_end.ts";
import { DescriptorReserve } from "./reserve.ts";

/** Options of a set of pools. Only `entry` has no default. */
export interface WorkerOptions {
  /** The Worker's module, which calls `runWork`: `new URL("./worker.ts", import.meta.url)`. */
  entry: URL;
  /** What Workers may do; nothing by default. */
  permissions?: Deno.PermissionOptions;
  /** Cloned to each Worker before its first item: modules, shared memories, options. */
  init?: unknown;
  /**
   * Takes what Workers print, whole lines each with its line feed; by default they go to stderr.
   * Workers do not write there themselves: lines of several threads would mix.
   */
  onPrint?: (lines: string) => void;
  /**
   * Called for each Worker with one end of a channel, whose other end the Worker finds as
   * `context.port`: for what concerns the Worker rather than an item. What it returns is
   * called when the Worker is gone, and has to close the port.
   */
  connect?: (port: MessagePort) => () => void;
  /**
   * Called when a Worker was created: the kernel's number of its thread, null if it is not known;
   * for `WorkerPools.places`.
   */
  threadOf?: () => number | null;
  /** How many cores have bound pools; as many as the machine has by default. */
  cpus?: number;
  /** Whether a Worker takes another item when it has ended one (`true`), or ends with it. */
  reuse?: boolean;
  /** How long a Worker may be idle before it is reaped, in milliseconds (10,000). */
  idleTimeoutMs?: number;
  /** How many idle Workers of a pool are never reaped (1). */
  minIdle?: number;
  /** The most Workers in one pool (no limit but the queues' `maxActive`). */
  maxWorkers?: number;
  /** How many Workers of a pool may be coming up at once: 1, or 2 where they are not reused. */
  maxCreating?: number;
  /**
   * How long work waits in an unbound pool that has Workers, all of them busy, before another one
   * is created, and how long behind a stalled item: once to twice this time, in milliseconds. With
   * 0, at once. 5 by default, for creating a Worker holds up the owner for some 15 ms; 0 where
   * Workers are not reused.
   */
  growDelayMs?: number;
  /**
   * Whether threads wait for a CPU: another one would only wait, too, so an unbound pool with
   * `growDelayMs` does not grow while one of its Workers runs. By default the kernel is asked.
   */
  areCpusShort?: () => boolean;
  /** An item that runs in a bound pool for once to twice this time counts no more (10,000 µs). */
  cpuIntensiveThreshUs?: number;
  /** How long after a failure to try again to create a Worker, in milliseconds (100). */
  createRetryMs?: number;
  /** How long creating a Worker may take before rescuers are called, in milliseconds (10). */
  maydayMs?: number;
  /** Descriptors held back for Workers; one reserve for the whole process by default. */
  reserve?: DescriptorReserve;
  /** Timers and time; the system's by default. */
  clock?: Clock;
}

/** Options with their defaults, as pools use them. */
export interface PoolOptions extends
  Required<
    Omit<
      WorkerOptions,
      "entry" | "permissions" | "reserve" | "onPrint" | "connect" | "threadOf"
    >
  > {
  /** Creates Workers. */
  source: WorkerSource;
}

const processReserve = new DescriptorReserve();

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} if a number makes no sense
 */
export function poolOptions(options: WorkerOptions): PoolOptions {
  const { entry, permissions = "none", reserve = processReserve, connect, threadOf, ...others } =
    options;
  const { onPrint = (lines) => console.error(lines.trimEnd()), ...rest } = others;
  const { init = null, reuse = true } = rest;
  const filled: PoolOptions = {
    cpus: navigator.hardwareConcurrency,
    idleTimeoutMs: 10_000,
    minIdle: 1,
    maxWorkers: Infinity,
    maxCreating: reuse ? 1 : 2,
    growDelayMs: reuse ? 5 : 0,
    cpuIntensiveThreshUs: 10_000,
    createRetryMs: 100,
    maydayMs: 10,
    areCpusShort: () => false,
    clock: systemClock,
    ...rest,
    init,
    reuse,
    source: {
      reserve,
      init,
      onPrint,
      connect,
      threadOf,
      create: (name) => new Worker(entry, { type: "module", name, deno: { permissions } }),
    },
  };
  atLeast(1, filled, ["cpus", "maxWorkers", "maxCreating", "cpuIntensiveThreshUs"]);
  atLeast(0, filled, ["idleTimeoutMs", "minIdle", "growDelayMs", "createRetryMs", "maydayMs"]);
  return filled;
}

type NumberOption = {
  [Key in keyof PoolOptions]: PoolOptions[Key] extends number ? Key : never;
}[keyof PoolOptions];

function atLeast(least: number, options: PoolOptions, names: NumberOption[]): void {
  for (const name of names) {
    if (options[name] >= least) continue;
    throw new RangeError(`Worker option ${name} is ${options[name]}; it must be at least ${least}`);
  }
}
