/**
 * The servers: `serve` starts one, in any model, and returns a handle to observe and stop it.
 */
import { fitCapacity, systemRoom } from "./models/capacity.ts";
import { CompressorPool, compressorWorkers } from "./files/compression/compressor_pool.ts";
import type { FilesPlace } from "./files/content_tags.ts";
import type { Users } from "./files/htpasswd.ts";
import { memoryBudget, type ThreadMemory } from "./models/memory_budget.ts";
import type { Certificate, PassedSocket } from "./net/listen_options.ts";
import type { Measured } from "./models/metrics_server.ts";
import { shareFigures } from "./http/request_figures.ts";
import { lockUnixPath, removeStaleSocket } from "./net/unix_path.ts";
import type { OwnSockets } from "../system/sockets/own_sockets.ts";
import { serveBeside } from "./models/side_server.ts";
import type { RunningServer } from "./models/running_server.ts";
import type { ThreadWatch } from "./models/thread_watch.ts";
import { servePerConnection } from "./models/per_connection/per_connection.ts";
import { servePerCore } from "./models/per_core/per_core.ts";
import { serveSharedPool } from "./models/shared_pool/shared_pool.ts";
import { serveSingle } from "./models/single/single.ts";
import {
  DEFAULT_MAX_ACTIVE,
  type HttpServiceOptions,
  type MetricsOptions,
  type PartialServerOptions,
  type ServerOptions,
  servesFiles,
  withDefaults,
} from "./models/options.ts";
import { blocksThread } from "./net/engine_options.ts";
import { type Model, sharesMemory } from "./models/model.ts";
import { DEFAULT_WQ_FLAGS } from "./models/pool_settings.ts";
import { WQ_MEM_RECLAIM } from "./workqueue/mod.ts";

export { DEFAULT_LIMITS, type Limits } from "../core/mod.ts";
export {
  serveBeside,
  type SideServer,
  SideServerError,
  type SideServerOptions,
} from "./models/side_server.ts";
export type { FieldLine } from "./http/head.ts";
export {
  type Answer,
  type Attached,
  type DetachedContent,
  type HttpRequest,
  type Resource,
  type Streamed,
  textAnswer,
} from "./http/resource.ts";
export type { FileRange, Sender } from "./net/service.ts";
export { CapacityError } from "./models/capacity.ts";
export { type Counters, sumCounters } from "./net/counters.ts";
export type { Certificate, ListenOptions, PassedSocket } from "./net/listen_options.ts";
export { DEFAULT_SENDING, type SendOptions } from "./net/send_options.ts";
export { dropPermissions } from "./models/permissions.ts";
export type { Look, Observation, RunningServer } from "./models/running_server.ts";
export type {
  ConnectionColumns,
  QueueSample,
  ServerSample,
  ThreadSample,
  ThreadState,
} from "./models/server_sample.ts";
export type { CallCounts } from "./net/engines/linux/call_counts.ts";
export type { Timeouts } from "./net/connection.ts";
export type { WorkerStats } from "./workqueue/mod.ts";
export type {
  EchoServiceOptions,
  HttpServiceOptions,
  MetricsOptions,
  ServiceOptions,
  SideAddress,
} from "./models/options.ts";
export type { Model } from "./models/model.ts";
export type { PartialServerOptions } from "./models/options.ts";
export {
  DEFAULT_BACKLOG,
  DEFAULT_BUFFER_BYTES,
  DEFAULT_MAX_ACTIVE,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_TIMEOUTS,
} from "./models/options.ts";
export { MODELS } from "./models/model.ts";
export { sharesMemory } from "./models/model.ts";
export { WQ_CPU_INTENSIVE, WQ_FLAGS, WQ_FREEZABLE, WQ_UNBOUND } from "./workqueue/mod.ts";
export {
  measureWork,
  type MessageWork,
  WORK_KINDS,
  type WorkDemand,
  type WorkKind,
} from "./models/message_work.ts";
export {
  DEFAULT_ENGINE,
  type EngineName,
  type EngineOptions,
  ENGINES,
  TRIGGERS,
} from "./net/engine_options.ts";
export type { DirectoryOptions } from "./files/directory.ts";
export { type AccessLogOptions, LOG_FORMATS, type LogFormat } from "./http/access_log.ts";
export type { Credentials, ForPaths, StaticOptions } from "./files/options.ts";
export { parseHtpasswd, type Users } from "./files/htpasswd.ts";
export { parseRedirect, type Redirect } from "./files/redirects.ts";
export { OptionError } from "./files/option_error.ts";
export { isDiskError } from "./files/disk_error.ts";
export {
  DEFAULT_CACHE_BYTES,
  parseAuth,
  parseCacheControl,
  parseHeader,
  staticOptions,
} from "./files/options.ts";

/** Most connections of `--http-redirect` at once; each lasts for a request or two. */
const MAX_REDIRECTED = 256;

/** The model to run, and the Workers that listen in it. */
function threadsFor(
  partial: PartialServerOptions,
  { engine }: ServerOptions,
  onNote: (note: string) => void,
): { model: Model; workers: number } {
  const { model = "single" } = partial;
  // A loop that blocks its thread needs a Worker, as this thread must handle signals.
  if (model === "single" && blocksThread(engine)) return { model: "per-core", workers: 1 };
  return { model, workers: model === "per-core" ? workersFor(partial, onNote) : 0 };
}

/** How many Workers are to listen. */
function workersFor(partial: PartialServerOptions, onNote: (note: string) => void): number {
  const wanted = partial.workers ?? navigator.hardwareConcurrency;
  const { path, passed } = partial.listen ?? {};
  // Each socket needs a Worker, and several Workers can share a socket.
  if (passed !== undefined) {
    const workers = Math.max(wanted, passed.length);
    if (partial.workers !== undefined && workers > wanted) {
      onNote(`per-core runs with ${workers} Workers: each socket that was passed needs one`);
    }
    return workers;
  }
  const why = whyOneListener(path);
  if (why === undefined) return wanted;
  if (wanted > 1) onNote(`per-core runs with one Worker: ${why}`);
  return 1;
}

/** Why only one Worker can listen, `undefined` where several can. */
function whyOneListener(path: string | undefined): string | undefined {
  if (path !== undefined) return "a Unix domain socket has one listener";
  if (Deno.build.os !== "linux") return "only Linux spreads connections over listeners";
  const { state } = Deno.permissions.querySync({ name: "ffi" });
  if (state !== "granted") return "to share a port it needs FFI (--allow-ffi)";
  return undefined;
}

/**
 * Starts a server.
 *
 * @throws {CapacityError} when `ulimit -n` is too low; the system's error when the address cannot be
 * bound
 */
export async function serve(partial: PartialServerOptions): Promise<RunningServer> {
  const { maxActive = DEFAULT_MAX_ACTIVE, wqFlags = DEFAULT_WQ_FLAGS, onNote = console.error } =
    partial;
  // Reported once it listens: a server that cannot start reports only its error.
  const notes: string[] = [];
  const options = withDefaults(partial);
  const passwordRevision = partial.users && new SharedArrayBuffer(4);
  if (options.service.kind === "http" && passwordRevision !== undefined) {
    const { service } = options;
    options.service = { ...service, directory: { ...service.directory!, passwordRevision } };
  }
  const { model, workers } = threadsFor(partial, options, (note) => notes.push(note));
  const { note, maxWorkers, maxConnections } = fitCapacity(
    options,
    {
      model,
      asked: partial.model,
      workers,
      maxActive,
      hasRescuer: (wqFlags & WQ_MEM_RECLAIM) !== 0,
    },
    systemRoom(),
  );
  // A default is lowered silently.
  if (note !== undefined && partial.maxConnections !== undefined) notes.push(note);
  if (sharesMemory(model) && maxActive !== DEFAULT_MAX_ACTIVE && maxWorkers < maxActive) {
    notes.push(
      `at most ${maxWorkers} Workers at once instead of ${maxActive}: descriptors or memory ` +
        `allow no more; other work waits`,
    );
  }
  options.maxConnections = maxConnections;
  const figures = partial.metrics && shareFigures();
  if (options.service.kind === "http" && figures !== undefined) {
    options.service = { ...options.service, figures };
  }
  const budget = memoryBudget(options.service, { model, workers: maxWorkers });
  const { path, tls } = options.listen;
  const isReached = tls !== undefined || partial.metrics !== undefined;
  const sockets = isReached || workers > 1 || blocksThread(options.engine)
    ? await openOwnSockets()
    : undefined;
  if (tls !== undefined && sockets === undefined) {
    notes.push("over TLS, connections whose peer does nothing stay open: it needs FFI on Linux");
  }
  // While it is locked, no other server takes or removes the path.
  const lock = path === undefined ? undefined : await lockUnixPath(path);
  try {
    if (path !== undefined) await removeStaleSocket(path);
    const compressors = !servesFiles(options.service) ? undefined : new CompressorPool({
      cacheBytes: budget.ownerCopiesBytes,
      files: filesPlace(options.service as HttpServiceOptions),
      users: partial.users,
      // A waiting item occupies its Worker, and beyond this number that costs more than sending
      // uncompressed.
      ...(model === "shared-pool" && {
        maxWaiting: Math.min(2 * compressorWorkers(), Math.floor(maxWorkers / 2)),
      }),
    });
    const server = await start(options, {
      model,
      workers,
      maxActive,
      maxWorkers,
      wqFlags,
      sockets,
      compressors,
      memory: budget.thread,
      watch: partial.watch,
      onNote,
    });
    if (tls !== undefined && sockets !== undefined && options.sending.noDelay) {
      const { setNoDelayOnAll } = await import("../system/sockets/no_delay.ts");
      setNoDelayOnAll(sockets);
    }
    for (const note of notes) onNote(note);
    const renew = tls === undefined || sockets === undefined
      ? undefined
      : (certificate: Certificate) => renewSteered(server, sockets, certificate);
    const setUsers = passwordRevision && ((users: Users) => {
      compressors!.users = users;
      Atomics.add(new Int32Array(passwordRevision), 0, 1);
    });
    const { passed } = options.listen;
    const owned = passed === undefined ? server : await withPassed(server, passed);
    const changeable = await withRedirect({ ...owned, renew, setUsers }, partial.httpRedirect);
    if (partial.metrics === undefined) return changeable;
    return await withMetrics(changeable, partial.metrics, {
      figures: figures!,
      maxConnections: options.maxConnections,
      acceptQueue: () => {
        if (server.port === 0) return undefined;
        return passed === undefined
          ? sockets?.acceptQueue(server.port)
          : sockets?.acceptQueueOf(passed.map(({ fd }) => fd));
      },
    });
  } finally {
    lock?.release();
  }
}

/** What the Worker that hashes files needs to know of `--dir`. */
function filesPlace({ directory }: HttpServiceOptions): FilesPlace {
  const { root, followSymlinks = false, dotfiles = false } = directory!;
  return { root, followSymlinks, dotfiles };
}

/** Renews the certificate of `server`, and steers new connections to the sockets that have it. */
async function renewSteered(
  { address, port, renew }: RunningServer,
  sockets: OwnSockets,
  certificate: Certificate,
): Promise<void> {
  sockets.allowReusePort(address.replace(/^\[(.*)\]/, "$1"));
  const before = sockets.listening(port);
  await renew!(certificate);
  sockets.steer(port, { first: before, count: sockets.listening(port) - before });
}

/**
 * `server`, which closes its descriptors of passed sockets when it is told to stop. Until then a
 * Worker that replaces a crashed one needs them.
 */
async function withPassed(
  server: RunningServer,
  passed: readonly PassedSocket[],
): Promise<RunningServer> {
  const { close } = await import("../system/linux/socket.ts");
  return {
    ...server,
    stop: async (graceMs) => {
      for (const { fd } of passed) close(fd);
      return await server.stop(graceMs);
    },
  };
}

/**
 * `server`, with http requests redirected to it until it is told to stop. @throws {SideServerError}
 */
async function withRedirect(
  server: RunningServer,
  at: PartialServerOptions["httpRedirect"],
): Promise<RunningServer> {
  if (at === undefined) return server;
  try {
    const { HttpsRedirect } = await import("./http/https_redirect.ts");
    const redirect = serveBeside(new HttpsRedirect(server.port), {
      option: "--http-redirect",
      at,
      maxConnections: MAX_REDIRECTED,
    });
    return {
      ...server,
      redirectAddress: redirect.address,
      stop: async (graceMs) => {
        await redirect.stop();
        return await server.stop(graceMs);
      },
    };
  } catch (error) {
    await server.stop(0);
    throw error;
  }
}

/** `server`, with its metrics served until it has drained. @throws see `serveMetrics` */
async function withMetrics(
  server: RunningServer,
  { version, ...address }: MetricsOptions,
  measured: Pick<Measured, "figures" | "maxConnections" | "acceptQueue">,
): Promise<RunningServer> {
  try {
    const { serveMetrics } = await import("./models/metrics_server.ts");
    const metrics = serveMetrics({ ...measured, server, version }, address);
    return {
      ...server,
      metricsAddress: metrics.address,
      stop: async (graceMs) => {
        metrics.drain();
        const cut = await server.stop(graceMs);
        await metrics.stop();
        return cut;
      },
    };
  } catch (error) {
    await server.stop(0);
    throw error;
  }
}

/**
 * Opens access to the sockets of this process. @returns undefined where the system does not allow
 * it
 */
async function openOwnSockets(): Promise<OwnSockets | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  // Imported on demand, because it loads the C library.
  const { OwnSockets } = await import("../system/sockets/own_sockets.ts");
  return OwnSockets.open();
}

/** What the models need besides the server's options. */
interface ModelSettings {
  model: Model;
  workers: number;
  maxActive: number;
  maxWorkers: number;
  wqFlags: number;
  sockets: OwnSockets | undefined;
  compressors: CompressorPool | undefined;
  memory: ThreadMemory;
  watch: ThreadWatch | undefined;
  onNote: (note: string) => void;
}

async function start(
  options: ServerOptions,
  settings: ModelSettings,
): Promise<RunningServer> {
  const { model, workers, maxActive, maxWorkers, wqFlags } = settings;
  const { sockets, compressors, memory, watch, onNote } = settings;
  switch (model) {
    case "single":
      return await serveSingle(options, { sockets, compressors, memory, watch });
    case "shared-pool":
      if (blocksThread(options.engine)) {
        const { serveDescriptorPool } = await import(
          "./models/shared_pool/descriptor_pool.ts"
        );
        return await serveDescriptorPool(options, {
          maxWorkers,
          wqFlags,
          compressors,
          memory,
          watch,
          onNote,
        });
      }
      return await serveSharedPool(options, {
        maxActive,
        maxWorkers,
        wqFlags,
        sockets,
        compressors,
        memory,
        watch,
      });
    case "per-connection":
      if (blocksThread(options.engine)) {
        // Imported on demand, because it loads the C library.
        const { servePerConnectionOnDescriptors } = await import(
          "./models/per_connection/descriptor_server.ts"
        );
        return await servePerConnectionOnDescriptors(options, {
          maxActive: maxWorkers,
          wqFlags,
          compressors,
          memory,
          watch,
        });
      }
      return await servePerConnection(options, {
        maxActive: maxWorkers,
        wqFlags,
        sockets,
        compressors,
        memory,
        watch,
      });
    case "per-core":
      return await servePerCore(options, {
        workers,
        sockets,
        compressors,
        memory,
        watch,
        onNote,
      });
  }
}
