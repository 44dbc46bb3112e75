/**
 * Model `per-connection` with a Linux engine: the owner accepts, and a Worker is created for each
 * connection, which blocks in recv(2) and send(2) on its socket until the connection ends. At most
 * `maxActive` at once; further connections wait.
 */
import type { Core } from "../../../core/mod.ts";
import { AcceptLoop } from "../../net/accept_loop.ts";
import { ConnectionList } from "../../net/connection_list.ts";
import { ConnectionLimit } from "../../net/connection_limit.ts";
import { type Counters, sumCounters, zeroCounters } from "../../net/counters.ts";
import {
  type AcceptedDescriptor,
  DescriptorListener,
} from "../../net/engines/linux/descriptor_listener.ts";
import { openListeningSocket } from "../../net/engines/linux/listening_socket.ts";
import { pointerOf } from "../../../system/linux/memory.ts";
import {
  close,
  MSG_DONTWAIT,
  recv,
  sendBytes,
  Shutdown,
  shutdown,
} from "../../../system/linux/socket.ts";
import { stderr } from "../../../system/stderr.ts";
import { settledWithin } from "../../../system/wait.ts";
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import type { Service } from "../../net/service.ts";
import {
  allocWorkqueue,
  cancelWork,
  destroyWorkqueue,
  queueWork,
  Work,
  WorkerPools,
  type Workqueue,
} from "../../workqueue/mod.ts";
import { createProtocol } from "../create_service.ts";
import { NO_MEMORY, type ThreadMemory } from "../memory_budget.ts";
import { type ServerOptions, servesFiles, TICK_MS } from "../options.ts";
import { workerPermissions } from "../permissions.ts";
import { queueSample, workersPerPool, workSamples } from "../pool_settings.ts";
import { COUNTED, failureOf, type RunningServer } from "../running_server.ts";
import { type ThreadWatch, watchedOwner } from "../thread_watch.ts";
import { createServerCore } from "../thread_server.ts";
import {
  type DescriptorData,
  type DescriptorInit,
  type DescriptorResult,
  Draining,
} from "./descriptor_item.ts";
import { publishedState, readCounters, readDoing } from "./published_state.ts";

/** Settings of the model. */
export interface DescriptorServerOptions {
  maxActive: number;
  /** Of the queue: `WQ_…`. */
  wqFlags: number;
  compressors?: CompressorPool;
  memory: ThreadMemory;
  /** Absent: threads are not watched. */
  watch?: ThreadWatch;
}

/** Starts a server. @throws the system's error when the address cannot be bound */
export async function servePerConnectionOnDescriptors(
  options: ServerOptions,
  { maxActive, wqFlags, compressors, memory, watch }: DescriptorServerOptions,
): Promise<RunningServer> {
  const core = createServerCore(options, NO_MEMORY.keptBytes);
  const draining = new Int32Array(new SharedArrayBuffer(4));
  const { service, timeouts, sending } = options;
  const isWatched = watch !== undefined;
  const init: DescriptorInit = {
    share: core.share,
    service,
    memory,
    timeouts,
    sending,
    draining,
    isWatched,
  };
  const print = (lines: string) => stderr.log(lines);
  const pools = new WorkerPools({
    entry: servesFiles(service)
      ? new URL("./descriptor_files_worker.ts", import.meta.url)
      : new URL("./descriptor_worker.ts", import.meta.url),
    ...workersPerPool(maxActive, wqFlags),
    reuse: false,
    minIdle: 0,
    threadOf: watch?.threadOf,
    connect: compressors && ((port) => compressors.serve(port)),
    permissions: { ...workerPermissions(options), net: false, write: false },
    onPrint: print,
    init,
  });
  const parts = servesFiles(service) ? await import("../make_directory.ts") : {};
  const protocol = createProtocol(core, service, { print, ...parts });
  const socket = openListeningSocket(options.listen, sending);
  const queue = allocWorkqueue("ktcp_per_connection", { flags: wqFlags, maxActive, pools });
  const connections = new DescriptorConnections(options, { core, protocol, queue, draining });
  const limit = connections.limit;
  const loop = new AcceptLoop(new DescriptorListener(socket), limit, {
    serve: (accepted) => connections.serve(accepted),
    drop: ({ fd }) => close(fd),
  });
  connections.onEnd = () => loop.wake();
  return {
    address: socket.address,
    port: socket.port,
    failed: failureOf(loop.done),
    observe: ({ maxConnections } = COUNTED) =>
      Promise.resolve({
        threads: [
          { name: "main", ...watchedOwner(watch), counters: connections.counters },
          // An item that sleeps waits for its peer.
          ...workSamples(queue, watch, ({ hasItem }) => hasItem),
        ],
        queue: queueSample(queue),
        connections: [connections.list(maxConnections)],
        costUs: 0,
      }),
    stop: async (graceMs) => {
      const compressorsEnded = compressors?.stop();
      loop.stop();
      Atomics.store(draining, 0, Draining.Begun);
      await loop.done.catch(() => {});
      const cut = await connections.end(graceMs);
      await Promise.all([destroyWorkqueue(queue), compressorsEnded]);
      return cut;
    },
  };
}

/** How long a refused connection stays open after its FIN, in ms: several round trips. */
const REFUSED_LINGER_MS = 1000;

/** Buffer for reading and discarding what a refused peer has sent. */
const DISCARDED = new Uint8Array(1 << 16);

function discardInput(fd: number): void {
  const to = pointerOf(DISCARDED);
  for (let left = 16; left > 0 && recv(fd, to, DISCARDED.length, MSG_DONTWAIT) > 0; --left);
}

/** A connection that waits for its Worker, or has one. */
interface Served extends DescriptorData {
  work: Work<DescriptorData, DescriptorResult>;
  sinceMs: number;
}

/** The server's connections, from accepting them to closing their sockets. */
class DescriptorConnections {
  readonly limit: ConnectionLimit;
  /** Called when a connection has ended. */
  onEnd: () => void = () => {};
  readonly #core: Core;
  readonly #protocol: Service;
  readonly #queue: Workqueue;
  readonly #draining: Int32Array<SharedArrayBuffer>;
  readonly #patienceMs: number;
  readonly #all = new Set<Served>();
  #ended = zeroCounters();
  /** Connections that still had output to send when the grace period ended. */
  #cut = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(
    { maxConnections, timeouts }: ServerOptions,
    { core, protocol, queue, draining }: {
      core: Core;
      protocol: Service;
      queue: Workqueue;
      draining: Int32Array<SharedArrayBuffer>;
    },
  ) {
    this.limit = ConnectionLimit.alone(maxConnections);
    this.#core = core;
    this.#protocol = protocol;
    this.#queue = queue;
    this.#draining = draining;
    // The same time that a client has for a head.
    this.#patienceMs = timeouts.headMs || Infinity;
  }

  /** The sum of all connections' counters, including open ones. */
  get counters(): Counters {
    return sumCounters([this.#ended, ...[...this.#all].map((one) => this.#countersOf(one))]);
  }

  /** The present state of at most `max` connections: the words of a `ConnectionList`. */
  list(max: number): Int32Array {
    const list = new ConnectionList(Math.min(max, this.#all.size));
    for (const { conn, published } of this.#all) {
      if (list.isFull) break;
      // Another thread may change it meanwhile.
      const inputBytes = Math.max(0, this.#core.pending(conn));
      const { doing, untilTimeoutMs } = readDoing(published);
      list.add(this.#core.blockNumber(conn), doing, inputBytes, untilTimeoutMs);
    }
    return list.words;
  }

  serve({ fd, peer }: AcceptedDescriptor): void {
    const conn = this.#core.open();
    if (conn === 0) {
      // There is a block for each connection within the limit, so this one exceeds it.
      ++this.#ended.overloads;
      return close(fd);
    }
    const data = { fd, conn, peer, published: publishedState() };
    const work = new Work<DescriptorData, DescriptorResult>("serveDescriptor", data, {
      onResult: ({ counters, isCut }) => {
        if (isCut) ++this.#cut;
        this.#end(served, counters);
      },
      // The Worker crashed, or none could be started.
      onError: () => {
        const counters = this.#countersOf(served);
        this.#end(served, { ...counters, open: 0, resets: counters.resets + 1 });
      },
    });
    const served: Served = { ...data, work, sinceMs: performance.now() };
    this.#all.add(served);
    this.limit.opened();
    this.#protocol.clientsChanged?.(this.limit.open, peer, true);
    this.#timer ??= setInterval(() => this.#refuseOverdue(), TICK_MS);
    queueWork(this.#queue, work);
  }

  /**
   * Waits until all connections have ended.
   *
   * @param graceMs time after which they are cut off
   * @returns how many were cut off
   */
  async end(graceMs: number): Promise<number> {
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    if (this.#all.size === 0) return 0;
    if (await settledWithin(empty, graceMs)) return 0;
    // Each Worker sees this within a tick. Shutting down the sockets instead would look like a FIN
    // of the peer.
    Atomics.store(this.#draining, 0, Draining.Over);
    for (const served of this.#all) {
      if (!cancelWork(served.work)) continue;
      ++this.#cut;
      this.#end(served, this.#countersOf(served));
    }
    if (this.#all.size > 0) await empty;
    return this.#cut;
  }

  #countersOf({ published, conn }: Served): Counters {
    const counters = readCounters(published);
    // Until its Worker starts, only this counts it; `served` is counted in its block.
    return { ...counters, connections: 1, open: 1, served: this.#core.served(conn) };
  }

  #end(served: Served, counters: Counters): void {
    this.#all.delete(served);
    this.#ended = sumCounters([this.#ended, { ...counters, open: 0 }]);
    close(served.fd);
    this.#core.close(served.conn);
    this.limit.closed();
    this.#protocol.clientsChanged?.(this.limit.open, served.peer, false);
    if (this.#all.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#onEmpty?.();
    }
    this.onEnd();
  }

  /**
   * Refuses connections that have waited too long for a Worker, so that their clients get an
   * answer.
   */
  #refuseOverdue(): void {
    const sinceMs = performance.now() - this.#patienceMs;
    for (const served of this.#all) {
      if (served.sinceMs > sinceMs) break;
      if (!cancelWork(served.work)) continue;
      const { conn, fd } = served;
      this.#protocol.refuse?.(conn);
      this.#protocol.flushLog?.();
      const block = this.#core.outBlock(conn);
      // The empty send buffer of a new socket has room for this short message.
      const bytes = block === 0 ? 0 : sendBytes(fd, this.#core.outView(block), MSG_DONTWAIT);
      shutdown(fd, Shutdown.Write);
      discardInput(fd);
      const counters = { ...this.#countersOf(served), bytesOut: Math.max(0, bytes), overloads: 1 };
      // Closing while the peer sends would destroy the answer on its way (RFC 9112 section 9.6).
      setTimeout(() => {
        discardInput(fd);
        this.#end(served, counters);
      }, REFUSED_LINGER_MS);
    }
  }
}
