/** The servers and loads that the page has started, and frames of what they do. */
import type { LoadSample } from "../../bench/load_sample.ts";
import type { ServerSample } from "../../servers/models/server_sample.ts";
import { MAX_LOADS, MAX_SERVERS } from "../limits.ts";
import type {
  Frame,
  GlassRequest,
  GlassTrace,
  LoadResult,
  LoadSetup,
  LoadStart,
  LoadView,
  ServerSetup,
  ServerView,
} from "../protocol.ts";
import { SetupError } from "../setup.ts";
import { runGlass } from "./glass.ts";
import type { Launcher, LoadChild, Observer, ServerChild } from "./children.ts";

/** There is no server, or no load, with this id. */
export class UnknownIdError extends Error {
  override name = "UnknownIdError";
}

/** A server from its start to its end. */
interface Server {
  id: string;
  setup: ServerSetup;
  state: ServerView["state"];
  /** Absent until it listens. */
  child?: ServerChild;
  /** Settles when it listens, or does not come up. */
  started: Promise<void>;
  /** Resolves when it has ended. */
  stopped?: Promise<void>;
  sample: ServerSample | null;
  failure?: string;
}

/** A load from its start to its end. */
interface Load {
  id: string;
  serverId: string;
  setup: LoadSetup;
  child: LoadChild;
  /** What has come since the last frame. */
  samples: LoadSample[];
  hasEnded: boolean;
  result: LoadResult | null;
  failure?: string;
}

/** Samples of a load that are kept for the next frame: ten seconds of them. */
const MAX_SAMPLES = 100;

/** What a session needs. */
export interface SessionOptions {
  launcher: Launcher;
  observer: Observer;
  /** Called when a server or a load begins or has ended. */
  onChange(): void;
}

/** Everything that runs for the page. */
export class Session {
  readonly #launcher: Launcher;
  readonly #observer: Observer;
  readonly #onChange: () => void;
  readonly #servers = new Map<string, Server>();
  readonly #loads = new Map<string, Load>();
  /** Counts for ids. */
  #serverCount = 0;
  #loadCount = 0;
  /** A request is under the glass. */
  #isTracing = false;
  #isClosed = false;

  constructor({ launcher, observer, onChange }: SessionOptions) {
    this.#launcher = launcher;
    this.#observer = observer;
    this.#onChange = onChange;
  }

  /** Whether a load runs. */
  get isLoaded(): boolean {
    return this.#runningLoads.length > 0;
  }

  /** Whether any process runs. */
  get isBusy(): boolean {
    return this.isLoaded || this.#liveServers.length > 0;
  }

  get #runningLoads(): Load[] {
    return [...this.#loads.values()].filter(({ hasEnded }) => !hasEnded);
  }

  get #liveServers(): Server[] {
    return [...this.#servers.values()].filter(({ state }) => state !== "ended");
  }

  /**
   * Starts a server.
   *
   * @returns its id, when it listens
   * @throws {SetupError} when there are too many
   * @throws {StartError} when it does not come up
   */
  async startServer(setup: ServerSetup): Promise<string> {
    this.#checkOpen();
    if (this.#liveServers.length >= MAX_SERVERS) {
      throw new SetupError(
        `servers: ${MAX_SERVERS} run already, which is the limit; stop one first`,
      );
    }
    this.#forgetEndedServers();
    const id = `s${++this.#serverCount}`;
    const server: Server = {
      id,
      setup,
      state: "starting",
      started: Promise.resolve(),
      sample: null,
    };
    this.#servers.set(id, server);
    this.#onChange();
    server.started = this.#launch(server);
    await server.started;
    return id;
  }

  async #launch(server: Server): Promise<void> {
    try {
      server.child = await this.#launcher.startServer(server.setup, (sample) => {
        server.sample = sample;
      });
    } catch (error) {
      this.#servers.delete(server.id);
      this.#onChange();
      throw error;
    }
    // It may have been told to stop meanwhile.
    if (server.state === "starting") server.state = "running";
    const { pid, ended } = server.child;
    ended.then(({ lastLine }) => {
      this.#observer.forget(pid);
      if (server.state === "running") server.failure = lastLine || "It has ended";
      server.state = "ended";
      this.#onChange();
    });
  }

  /** Forgets the oldest servers that ended by themselves: the page has shown why they did. */
  #forgetEndedServers(): void {
    const ended = [...this.#servers.values()].filter(({ state }) => state === "ended");
    for (const { id } of ended.slice(0, Math.max(0, ended.length + 1 - MAX_SERVERS))) {
      this.#servers.delete(id);
    }
  }

  /**
   * Lets a server finish what is in flight, and ends it; then ends the loads that still run on it.
   *
   * @throws {UnknownIdError}
   */
  async stopServer(id: string): Promise<void> {
    const server = this.#servers.get(id);
    if (server === undefined) throw new UnknownIdError(`Cannot stop server '${id}': there is none`);
    await (server.stopped ??= this.#endServer(server));
  }

  async #endServer(server: Server): Promise<void> {
    if (server.state !== "ended") server.state = "stopping";
    // Whoever started it gets the error.
    await server.started.catch(() => {});
    await server.child?.stop();
    const loads = this.#runningLoads.filter(({ serverId }) => serverId === server.id);
    await Promise.all(loads.map(({ child }) => child.stop()));
    this.#servers.delete(server.id);
  }

  /**
   * Starts a load on each of some servers.
   *
   * @returns the loads' ids, in the same order
   * @throws {SetupError} when a server does not run, is named twice, or there are too many loads
   * @throws {StartError} when there is no such program
   */
  startLoad({ servers: ids, load: setup }: LoadStart): string[] {
    this.#checkOpen();
    const servers = ids.map((id, i) => {
      const server = this.#servers.get(id);
      if (server?.state !== "running") {
        throw new SetupError(`servers[${i}]: no server '${id}' runs; start one first`);
      }
      if (ids.indexOf(id) !== i) throw new SetupError(`servers[${i}]: '${id}' is named twice`);
      return server;
    });
    const running = this.#runningLoads.length;
    if (running + servers.length > MAX_LOADS) {
      throw new SetupError(
        `servers: ${servers.length} more loads beside ${running} are above ${MAX_LOADS}; ` +
          "stop some first",
      );
    }
    const launched: string[] = [];
    try {
      for (const server of servers) launched.push(this.#launchLoad(server, setup));
    } catch (error) {
      // All or none: those that have begun would have nothing to be compared with.
      for (const id of launched) this.stopLoad(id);
      throw error;
    }
    return launched;
  }

  #launchLoad(server: Server, setup: LoadSetup): string {
    // The last result of a server is kept until its next load.
    for (const load of this.#loads.values()) {
      if (load.hasEnded && load.serverId === server.id) this.#loads.delete(load.id);
    }
    const samples: LoadSample[] = [];
    const target = { setup: server.setup, port: server.child!.port };
    const child = this.#launcher.startLoad(target, setup, (sample) => {
      load.samples.push(sample);
      if (load.samples.length > MAX_SAMPLES) load.samples.shift();
    });
    const load: Load = {
      id: `l${++this.#loadCount}`,
      serverId: server.id,
      setup,
      child,
      samples,
      hasEnded: false,
      result: null,
    };
    this.#loads.set(load.id, load);
    this.#onChange();
    child.ended.then(({ lastLine, result }) => {
      this.#observer.forget(child.pid);
      load.hasEnded = true;
      load.result = result;
      if (result === null) load.failure = lastLine || "It has ended without a result";
      this.#forgetEndedLoads();
      this.#onChange();
    });
    return load.id;
  }

  /** Results are kept after their servers have ended, until there are too many. */
  #forgetEndedLoads(): void {
    const ended = [...this.#loads.values()].filter(({ hasEnded }) => hasEnded);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - MAX_LOADS))) {
      this.#loads.delete(id);
    }
  }

  /** The whole result of a load. @throws {UnknownIdError} when it has none, or not yet */
  result(id: string): LoadResult {
    const result = this.#loads.get(id)?.result;
    if (result) return result;
    throw new UnknownIdError(`Cannot show the result of load '${id}': there is none`);
  }

  /** Ends a load early, or forgets it when it has ended. @throws {UnknownIdError} */
  async stopLoad(id: string): Promise<void> {
    const load = this.#loads.get(id);
    if (load === undefined) throw new UnknownIdError(`Cannot stop load '${id}': there is none`);
    if (load.hasEnded) this.#loads.delete(id);
    else await load.child.stop();
  }

  /**
   * Puts a request under the glass. Its servers are in no frame.
   *
   * @throws {SetupError} when another request is under the glass
   * @throws {GlassError} when it cannot be run
   */
  async glass(request: GlassRequest): Promise<GlassTrace[]> {
    this.#checkOpen();
    if (this.#isTracing) {
      throw new SetupError("Another request is under the glass; wait until it has been answered");
    }
    this.#isTracing = true;
    try {
      return await runGlass(
        request,
        (setup, onTrace) => this.#launcher.startTraced(setup, onTrace),
      );
    } finally {
      this.#isTracing = false;
    }
  }

  /** Ends all servers and loads. */
  async stopAll(): Promise<void> {
    const servers = [...this.#servers.keys()].map((id) => this.stopServer(id));
    const loads = this.#runningLoads.map(({ child }) => child.stop());
    await Promise.all([...servers, ...loads]);
  }

  /** Ends all servers and loads, and starts no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.stopAll();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SetupError("ktcp play is stopping: it starts nothing more");
  }

  /** Everything as it is now. The samples of loads are handed over: the next frame has only newer ones. */
  frame(): Omit<Frame, "costUs"> {
    const atMs = performance.timeOrigin + performance.now();
    const servers = [...this.#servers.values()];
    const listening = servers.filter((server) => server.child !== undefined);
    const sockets = this.#observer.sockets(listening.map(({ child }) => child!.port));
    return {
      atMs,
      servers: servers.map((server) =>
        this.#serverView(server, sockets[listening.indexOf(server)])
      ),
      loads: [...this.#loads.values()].map((load) => this.#loadView(load)),
      kernel: this.#observer.kernel(),
    };
  }

  #serverView(server: Server, sockets: ServerView["sockets"] = null): ServerView {
    const { id, state, setup, child, failure, sample } = server;
    return {
      id,
      state,
      setup,
      ...(child && { address: `127.0.0.1:${child.port}` }),
      ...(failure !== undefined && { failure }),
      sample,
      process: child && state !== "ended" ? this.#observer.process(child.pid) : null,
      sockets,
    };
  }

  #loadView(load: Load): LoadView {
    const { id, serverId, setup, hasEnded, child, result, samples } = load;
    const failure = load.failure ?? child.heldFailure;
    load.samples = [];
    return {
      id,
      serverId,
      state: hasEnded ? "ended" : "running",
      setup,
      samples,
      process: hasEnded ? null : this.#observer.process(child.pid),
      held: child.held,
      result: result && slim(result),
      ...(failure !== undefined && { failure }),
    };
  }
}

/** A result without its samples. */
function slim({ hdr: _hdr, clients: _clients, ...rest }: LoadResult): LoadResult {
  return rest;
}
