/**
 * The work function of model `per-connection` with a Linux engine: serves one connection on its
 * socket until it ends, with blocking calls.
 */
import { Connection, type Timeouts } from "../../net/connection.ts";
import { Doing } from "../../net/connection_list.ts";
import { type Counters, zeroCounters } from "../../net/counters.ts";
import { NEVER } from "../../net/deadlines.ts";
import { BlockingDriver } from "../../net/engines/linux/blocking_driver.ts";
import type { SendOptions } from "../../net/send_options.ts";
import { MemoryPointers } from "../../../system/linux/memory.ts";
import { TimerWheel } from "../../net/timer_wheel.ts";
import type { WorkContext, WorkerOutlets } from "../../workqueue/run_work.ts";
import type { MakeDirectory } from "../create_service.ts";
import { TICK_MS } from "../options.ts";
import type { WorkerServiceInit } from "../shared_memory/messages.ts";
import { createWorkerService, type WorkerService } from "../shared_memory/worker_service.ts";
import { internalErrors, ticksOf } from "../thread_server.ts";
import { publishCounters, publishDoing, publishTimeout } from "./published_state.ts";

/** What Workers are started with. */
export interface DescriptorInit extends WorkerServiceInit {
  timeouts: Timeouts;
  sending: SendOptions;
  /** One word: a {@linkcode Draining}. */
  draining: Int32Array<SharedArrayBuffer>;
  /** Whether the state of connections is published, for samples. */
  isWatched: boolean;
}

/** How far the shutdown of the server has progressed. */
export const enum Draining {
  No,
  /** Idle connections end. */
  Begun,
  /** The grace period is over: all connections end. */
  Over,
}

/** A connection: plain data. */
export interface DescriptorData {
  /** A blocking socket, which the owner closes. */
  fd: number;
  /** The connection's block, which the owner has opened. */
  conn: number;
  peer: string;
  /** Where the Worker keeps its counters for the owner: see `published_state.ts`. */
  published: Float64Array<SharedArrayBuffer>;
}

/** The result of serving it. */
export interface DescriptorResult {
  counters: Counters;
  /** Whether it still had output to send when the server's grace period ended. */
  isCut: boolean;
}

/** The item's `context.init`. */
interface DescriptorWorker extends WorkerService {
  init: DescriptorInit;
  print: (lines: string) => void;
}

/** Makes it from what the owner sent. */
export function setUpDescriptorWorker(
  init: DescriptorInit,
  outlets: WorkerOutlets,
  makeDirectory?: MakeDirectory,
): DescriptorWorker {
  const parts = { ...outlets, makeDirectory, handsOver: false };
  return { ...createWorkerService(init, parts), init, print: outlets.print };
}

/** Serves a connection to its end. */
export async function serveDescriptor(
  { fd, conn, peer, published }: DescriptorData,
  context: WorkContext<DescriptorWorker>,
): Promise<DescriptorResult> {
  const { core, service, init: { timeouts, sending, draining, isWatched }, print } = context.init;
  const onInternalError = internalErrors(print);
  const wheel = new TimerWheel(TICK_MS, ticksOf(service, onInternalError), { isManual: true });
  const counters = zeroCounters();
  let isDraining = false;
  let isCut = false;
  let shownDeadline = NEVER;
  const showDoing = () => {
    publishDoing(connection.doing, published);
    if (connection.deadlineTick === shownDeadline) return;
    shownDeadline = connection.deadlineTick;
    publishTimeout(wheel.now.untilMs(shownDeadline), published);
  };
  const drain = () => {
    if (isDraining || Atomics.load(draining, 0) === Draining.No) return;
    isDraining = true;
    service.drain?.();
  };
  const driver = new BlockingDriver({
    core,
    // A connection needs pointers to its input block and a few output blocks.
    pointers: new MemoryPointers(core.bytes, 4),
    wheel,
    tickMs: TICK_MS,
    cork: sending.cork,
    onInput() {
      if (isWatched) publishDoing(Doing.Working, published);
      // So that the answer to this input announces that the connection closes.
      drain();
    },
    onTurn() {
      publishCounters(counters, published);
      if (isWatched) showDoing();
      const stage: Draining = Atomics.load(draining, 0);
      if (stage === Draining.No) return;
      if (stage === Draining.Over) {
        isCut ||= !connection.isLingering && !connection.isOver;
        return connection.close();
      }
      drain();
      connection.endIfIdle();
    },
  }, fd);
  const onEnd = (_: Connection, fault: unknown) => {
    service.flushLog?.();
    if (fault !== undefined) onInternalError(fault);
  };
  const connection: Connection = new Connection(
    { core, service, wheel, timeouts, counters, writes: sending.writes, onEnd },
    driver,
    conn,
    peer,
  );
  context.onCrash = () => driver.abandon();
  // The first turn may come only after a tick.
  if (isWatched) publishTimeout(timeouts.idleMs || -1, published);
  await driver.serve(connection);
  return { counters, isCut };
}
