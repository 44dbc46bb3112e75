/** Options of Workers and their number, with defaults. */
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
   * Called with what Workers print, in whole lines, each with its line feed; default: writes them
   * to stderr. Workers do not write there themselves, because lines of several threads would mix.
   */
  onPrint?: (lines: string) => void;
  /**
   * Called for each Worker with one end of a channel, whose other end the Worker finds as
   * `context.port`: for messages that concern the Worker rather than an item. The returned function
   * is called when the Worker is gone, and has to close the port.
   */
  connect?: (port: MessagePort) => () => void;
  /**
   * Called when a Worker was created: returns the kernel's ID of its thread, or null if unknown;
   * for `WorkerPools.places`.
   */
  threadOf?: () => number | null;
  /** How many cores have bound pools; as many as the machine has by default. */
  cpus?: number;
  /** Whether a Worker takes another item after one has ended (`true`), or ends with it. */
  reuse?: boolean;
  /** How long a Worker may be idle before it is reaped, in milliseconds (10,000). */
  idleTimeoutMs?: number;
  /** How many idle Workers of a pool are never reaped (1). */
  minIdle?: number;
  /** The most Workers in one pool (no limit but the queues' `maxActive`). */
  maxWorkers?: number;
  /** How many Workers of a pool may be starting at once: 1, or 2 where they are not reused. */
  maxCreating?: number;
  /**
   * How long work waits before another Worker is created in an unbound pool whose Workers are all
   * busy, and how long it waits behind a stalled item: one to two times this, in milliseconds. 0:
   * not at all. Default: 5, because creating a Worker blocks the owner for about 15 ms; 0 where
   * Workers are not reused.
   */
  growDelayMs?: number;
  /**
   * Whether threads wait for a CPU. Another thread would only wait, too, so an unbound pool with
   * `growDelayMs` does not grow then while one of its Workers runs. Default: asks the kernel.
   */
  areCpusShort?: () => boolean;
  /**
   * An item that has run in a bound pool for one to two times this no longer counts as running
   * (10,000 µs).
   */
  cpuIntensiveThreshUs?: number;
  /** Delay before creating a Worker is tried again after a failure, in milliseconds (100). */
  createRetryMs?: number;
  /** How long creating a Worker may take before rescuers are called, in milliseconds (10). */
  maydayMs?: number;
  /** Descriptors reserved for Workers; default: one reserve for the whole process. */
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
 * @throws {RangeError} if a number is out of range
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
