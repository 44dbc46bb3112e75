/**
 * Artificial work for each message, for experiments: before an answer is sent it costs time, as if
 * the server had to compute it or to wait for a disk.
 */
import type { Core } from "../../core/mod.ts";
import type { Service } from "../net/service.ts";

/** Kinds of work, the default first: arithmetic, or sleeping. */
export const WORK_KINDS = ["compute", "block"] as const;

/** How the work of a message spends its time. */
export type WorkKind = typeof WORK_KINDS[number];

/** The work that is asked for. */
export interface WorkDemand {
  /** How the time is spent. */
  kind: WorkKind;
  /** What a message costs, in microseconds: CPU time to compute, or the time to sleep. */
  timeUs: number;
}

/** Work that any thread can do, as plain data; made by {@linkcode measureWork}. */
export type MessageWork =
  | { kind: "block"; timeUs: number }
  | {
    kind: "compute";
    /** Steps of arithmetic that take the requested time. */
    steps: number;
    /** Shared by all threads, with the code that was optimized while it was measured. */
    module: WebAssembly.Module;
  };

/**
 * Each step of the arithmetic depends on the one before, so that no processor can run two at once:
 *
 *     (func (export "spin") (param $steps i32) (param $x i32) (result i32)
 *       (loop $next
 *         (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (i32.const 12345)))
 *         (br_if $next (local.tee $steps (i32.sub (local.get $steps) (i32.const 1)))))
 *       (local.get $x))
 *
 * It is WebAssembly because JavaScript starts slowly in each Worker: the first millisecond of this
 * loop is three to six times slower there.
 */
// deno-fmt-ignore
const SPIN = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic number, version
  1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, // type: (i32, i32) -> i32
  3, 2, 1, 0, // function 0 has it
  7, 8, 1, 4, 0x73, 0x70, 0x69, 0x6e, 0, 0, // export "spin": function 0
  10, 34, 1, 32, 0, // code: one body of 32 bytes, no locals
  0x03, 0x40, // loop
  0x20, 1, 0x41, 0xed, 0x9c, 0x99, 0x8e, 0x04, 0x6c, // x * 1103515245
  0x41, 0xb9, 0xe0, 0x00, 0x6a, 0x21, 1, // x = that + 12345
  0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, // steps = steps - 1; again unless 0
  0x0b, 0x20, 1, 0x0b, // end; x; end
]);

/** Does `steps` steps (at least one) from `x`. @returns the last `x` */
type Spin = (steps: number, x: number) => number;

/** Most steps of one call; `Spin` takes a 32-bit number. */
const MAX_STEPS = 1 << 20;

/** Calls of a measurement, and the steps of each: 16 ms in all on a machine of 2024. */
const CALLS = 500;
const CALL_STEPS = 1 << 15;

/**
 * Work that takes `timeUs`. For `compute`, the number of steps is determined once, here (about 20
 * ms). A message thus costs the same CPU time however busy the machine is; a loop that watches a
 * clock would not ensure that.
 */
export function measureWork({ kind, timeUs }: WorkDemand): MessageWork {
  if (kind === "block") return { kind, timeUs };
  const module = new WebAssembly.Module(SPIN);
  const spin = spinOf(module);
  // Any disturbance makes a call slower, so the fastest call was not disturbed.
  let leastMs = Infinity;
  for (let i = 0; i < CALLS; ++i) {
    const startMs = performance.now();
    spin(CALL_STEPS, i);
    leastMs = Math.min(leastMs, performance.now() - startMs);
  }
  const steps = timeUs * CALL_STEPS / (leastMs * 1000);
  return { kind, steps: Math.max(1, Math.round(steps)), module };
}

function spinOf(module: WebAssembly.Module): Spin {
  return new WebAssembly.Instance(module).exports.spin as Spin;
}

/**
 * The function that does the work of one message, on this thread.
 *
 * @param noteBlocked called when the thread is about to sleep in it, and when it has slept
 */
export function workFunction(
  work: MessageWork,
  noteBlocked: (isBlocked: boolean) => void = () => {},
): () => void {
  if (work.kind === "block") {
    const timeoutMs = work.timeUs / 1000;
    // No thread changes or notifies it, so the wait lasts for its whole timeout.
    const word = new Int32Array(new SharedArrayBuffer(4));
    return () => {
      noteBlocked(true);
      Atomics.wait(word, 0, 0, timeoutMs);
      noteBlocked(false);
    };
  }
  const { steps, module } = work;
  const spin = spinOf(module);
  let x = 0;
  return () => {
    for (let left = steps; left > 0; left -= MAX_STEPS) x = spin(Math.min(left, MAX_STEPS), x);
  };
}

/**
 * Makes each message of `service`, over `core`, cost `work` before its answer is sent: each that is
 * counted as served, including those that the core answers by itself.
 *
 * The work comes after an answer was put into the output and before it is sent; for an answer that
 * is made asynchronously, before it is made. Answers to timeouts and to incomplete requests cost no
 * work.
 *
 * @param service a synchronous one; some of its methods are replaced in place
 * @returns `service`
 */
export function withWork(service: Service, core: Core, work: () => void): Service {
  const receive = service.receive.bind(service);
  const retry = service.retry?.bind(service);
  const respond = service.respond?.bind(service);
  const handOver = service.handOver?.bind(service);
  /** The next answer is a retry, whose work was done before. */
  let isRetry = false;
  const workOnce = () => {
    if (!isRetry) work();
    isRetry = false;
  };
  service.receive = (conn) => {
    isRetry = false;
    const before = core.served(conn);
    const effect = receive(conn);
    for (let left = core.served(conn) - before; left > 0; --left) work();
    return effect;
  };
  service.retry = retry && ((conn, tries) => {
    isRetry = true;
    return retry(conn, tries);
  });
  service.respond = respond && ((conn, sender) => {
    workOnce();
    return respond(conn, sender);
  });
  service.handOver = handOver && ((conn) => {
    workOnce();
    return handOver(conn);
  });
  return service;
}
