/** A simulated server with its clients, from the first connection to the last byte of memory. */
import { Core, DEFAULT_LIMITS } from "../../../core/mod.ts";
import { EchoService } from "../../../servers/echo/echo_service.ts";
import { DirectoryResource } from "../../../servers/files/directory.ts";
import { echoContentResource } from "../../../servers/http/echo_content.ts";
import { helloResource } from "../../../servers/http/hello.ts";
import { HttpService } from "../../../servers/http/http_service.ts";
import { DEFAULT_TIMEOUTS, TICK_MS } from "../../../servers/models/options.ts";
import { ticksOf } from "../../../servers/models/thread_server.ts";
import { Acceptor } from "../../../servers/net/acceptor.ts";
import type { Connection } from "../../../servers/net/connection.ts";
import { ConnectionLimit } from "../../../servers/net/connection_limit.ts";
import { zeroCounters } from "../../../servers/net/counters.ts";
import type { Driver } from "../../../servers/net/driver.ts";
import type { Engine, EngineHost } from "../../../servers/net/engine.ts";
import { DenoEngine } from "../../../servers/net/engines/deno/deno_engine.ts";
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import { SimulatedListener } from "../../../servers/net/engines/simulated/listener.ts";
import { Random } from "../../../servers/net/engines/simulated/random.ts";
import { SimulatedKernel } from "../../../servers/net/engines/simulated/kernel.ts";
import { SimulatedEngine } from "../../../servers/net/engines/simulated/simulated_engine.ts";
import { SimulatedReadiness } from "../../../servers/net/engines/simulated/simulated_readiness.ts";
import { StreamListener } from "../../../servers/net/engines/simulated/simulated_stream.ts";
import type { DriverTraits } from "../../../servers/net/engines/simulated/simulated_driver.ts";
import type { Trace } from "../../../servers/net/engines/simulated/trace.ts";
import type { Service } from "../../../servers/net/service.ts";
import { TimerWheel } from "../../../servers/net/timer_wheel.ts";
import { hold, Wrong } from "../failure.ts";
import { runToRest, Stepper } from "../settle.ts";
import type { Client, ClientWorld } from "./client.ts";
import { ROOT, SimulatedDisk } from "./disk.ts";
import { EchoClient } from "./echo_client.ts";
import { HostileClient } from "./hostile_client.ts";
import { HttpClient } from "./http_client.ts";
import {
  FILES,
  isReadinessEngine,
  READINESS_ENGINES,
  type ServerEvent,
  type ServerPlan,
  type ServerSettings,
} from "./plan.ts";
import { fileBytes } from "./requests.ts";
import { watchTimeouts } from "./watched_connection.ts";

/** What the files hold at first. */
const firstBytes = FILES.map(([, length], i) => fileBytes(length, i));

/** Memory for the contents of files. */
const CACHE_BYTES = 4 << 20;

/**
 * How long a change of a file may go unnoticed by a server whose thread is never late, in µs:
 * `freshness.ts` guarantees it.
 */
const STALE_US = 1e6;

/** How long trouble in a plan may have effects after it is over, in µs. */
const AFTERMATH_US = 3e6;

/** How late a timeout may be when the thread is never late, in ms. */
const LATE_MS = 2 * TICK_MS + 50;

/** The grace of the drain at the end of every run. */
const LAST_GRACE_MS = 5000;

/** The result of a run. */
export interface ServerRun {
  connections: number;
}

/** Watches an engine's host: which connections there are, and which blocks belong to them. */
class WatchedEngine implements Engine {
  readonly blocks = new Set<number>();
  readonly #engine: Engine;

  readonly #watch: (connection: Connection) => void;

  /** @param watch called with each connection before it starts */
  constructor(engine: Engine, watch: (connection: Connection) => void) {
    this.#engine = engine;
    this.#watch = watch;
  }

  get address(): string {
    return this.#engine.address;
  }

  get port(): number {
    return this.#engine.port;
  }

  get done(): Promise<void> {
    return this.#engine.done;
  }

  start(host: EngineHost): void {
    this.#engine.start({
      core: host.core,
      limit: host.limit,
      open: (driver: Driver, peer: string): Connection | undefined => {
        const connection = host.open(driver, peer);
        if (connection === undefined) return undefined;
        this.#watch(connection);
        const { conn } = connection;
        hold(!this.blocks.has(conn), `block ${conn} belongs to two connections`);
        this.blocks.add(conn);
        const end = connection.end.bind(connection);
        connection.end = () => {
          if (!connection.isOver) this.blocks.delete(conn);
          end();
        };
        return connection;
      },
      refused: () => host.refused(),
    });
  }

  wake(): void {
    this.#engine.wake();
  }

  stop(): void {
    this.#engine.stop();
  }
}

/** The world of a simulated server. */
export class ServerWorld implements ClientWorld {
  readonly clock: SimulatedClock;
  readonly trace: Trace;
  readonly listener: SimulatedListener;
  readonly disk: SimulatedDisk;
  readonly settings: ServerSettings;
  readonly #core: Core;
  readonly #counters = zeroCounters();
  readonly #limit: ConnectionLimit;
  readonly #wheel: TimerWheel;
  readonly #engine: WatchedEngine;
  readonly #acceptor: Acceptor;
  readonly #clients: Client[] = [];
  readonly #events: ServerEvent[];
  readonly #maxBlocks: number;
  /** For engines that make system calls. */
  #kernel: SimulatedKernel | undefined;
  #readiness: SimulatedReadiness | undefined;
  #uninstall: () => void = () => {};
  #stopped: Promise<void> | undefined;
  #hasStopped = false;
  /** A bug that the server reported, or that happened in a promise. */
  #fault: unknown;
  /** Until when faults of the disk, or a lack of descriptors or memory, may have effects. */
  #troubledUntilUs = -Infinity;
  #stalledMs = 0;

  constructor({ settings, events }: ServerPlan, clock: SimulatedClock, trace: Trace) {
    this.settings = settings;
    this.#events = events;
    this.clock = clock;
    this.trace = trace;
    this.listener = new SimulatedListener(clock, trace);
    this.disk = new SimulatedDisk(clock, new Random(events.length, 3));
    if (settings.content === "files") {
      FILES.forEach(([name], i) => this.disk.replace(name, firstBytes[i], -1e7));
    }
    const { maxConnections, outputBlocks, content, bufferBytes, maxBody, writes } = settings;
    const isEcho = content === "echo";
    this.#maxBlocks = maxConnections + outputBlocks;
    this.#core = Core.create({
      blocks: this.#maxBlocks,
      outputBlocks,
      inputBytes: isEcho ? bufferBytes : 0,
      limits: { ...DEFAULT_LIMITS, maxBody: isEcho ? DEFAULT_LIMITS.maxBody : maxBody },
      cacheBytes: content === "files" ? CACHE_BYTES : 0,
    });
    const service = this.#service();
    const fault = (error: unknown) => void (this.#fault ??= error);
    const isManual = isReadinessEngine(settings.engine);
    this.#wheel = new TimerWheel(TICK_MS, ticksOf(service, fault, clock), {
      time: clock,
      isManual,
    });
    this.#limit = ConnectionLimit.alone(maxConnections);
    const traits = {
      ...settings,
      readFile: (file: number, target: Uint8Array, offset: number) =>
        this.disk.readSync(file, target, offset),
    };
    const timeouts = DEFAULT_TIMEOUTS[isEcho ? "echo" : "http"];
    const rules = {
      core: this.#core,
      service,
      timeouts,
      nowMs: () => clock.nowMs(),
      lateMs: () => LATE_MS + this.#stalledMs,
      fault,
    };
    this.#engine = new WatchedEngine(
      this.#createEngine(traits),
      (connection) => watchTimeouts(connection, rules),
    );
    const context = {
      core: this.#core,
      service,
      wheel: this.#wheel,
      timeouts,
      counters: this.#counters,
      writes,
    };
    const options = { limit: this.#limit, onInternalError: fault, clock };
    this.#acceptor = new Acceptor(context, this.#engine, options);
    this.#acceptor.done.catch(fault);
  }

  get isDraining(): boolean {
    return this.#stopped !== undefined;
  }

  get staleUs(): number {
    return STALE_US + this.#stalledMs * 1000;
  }

  mayHaveFailed(sinceUs: number): boolean {
    return this.settings.outputBlocks < 64 || this.isTroubled(sinceUs);
  }

  isTroubled(sinceUs: number): boolean {
    return sinceUs <= this.#troubledUntilUs + AFTERMATH_US;
  }

  /** Runs the plan to its end. @throws {Wrong} when something was wrong */
  async run(): Promise<ServerRun> {
    try {
      return await this.#run();
    } finally {
      this.#uninstall();
    }
  }

  async #run(): Promise<ServerRun> {
    for (const event of this.#events) this.clock.in(event.atUs, () => this.#happen(event));
    await this.#toRest();
    const waiting = this.#clients.find(({ isDone }) => !isDone);
    if (waiting !== undefined) throw new Wrong("a client waits for ever");
    if (!this.isDraining) {
      hold(this.#counters.open === 0, `${this.#counters.open} connections never end`);
      this.#drain(LAST_GRACE_MS);
      await this.#toRest();
    }
    this.#readiness?.close();
    this.#checkEnd();
    return { connections: this.#counters.connections };
  }

  /** Lets events happen until there are no more. */
  async #toRest(): Promise<void> {
    if (this.#readiness === undefined) return await runToRest(this.clock, () => this.#check());
    await this.#readiness.runToRest();
    this.#check();
  }

  #createEngine(traits: DriverTraits): Engine {
    const { listener, clock, settings: { engine, cork } } = this;
    if (engine === "completions") return new SimulatedEngine(listener, traits);
    if (engine === "streams") {
      return new DenoEngine(new StreamListener(listener, traits), clock);
    }
    const stepper = new Stepper(clock, () => this.#check());
    const random = new Random(this.#events.length, 4);
    const step = () => void stepper.step();
    this.#kernel = new SimulatedKernel({ listener, traits, random, step });
    this.#uninstall = this.#kernel.install();
    const { name, trigger } = READINESS_ENGINES[engine];
    this.#readiness = new SimulatedReadiness(this.#kernel, { name, trigger, cork }, {
      wheel: this.#wheel,
      clock,
    });
    return this.#readiness.engine;
  }

  #service(): Service {
    const { content, bufferBytes } = this.settings;
    if (content === "echo") return new EchoService(this.#core, { bufferBytes });
    const print = (lines: string) => {
      if (lines.includes("internal error")) this.#fault ??= new Wrong(lines.trimEnd());
    };
    const random = new Random(7);
    const resource = content === "hello"
      ? helloResource
      : content === "content"
      ? echoContentResource
      : new DirectoryResource({ root: ROOT, listing: false }, {
        filesBytes: CACHE_BYTES,
        memoBytes: CACHE_BYTES,
        print,
        around: {
          disk: this.disk,
          clock: this.clock,
          draw: (numbers) => numbers.map(() => random.word()),
        },
      });
    return new HttpService(this.#core, resource, { print });
  }

  #happen(event: ServerEvent): void {
    const { clock, listener, disk } = this;
    switch (event.kind) {
      case "client":
        return this.#begin(new HttpClient(event, this));
      case "echo client":
        return this.#begin(new EchoClient(event, this));
      case "hostile":
        return this.#begin(new HostileClient(event, this));
      case "accept error":
        return listener.fail(new Deno.errors.ConnectionAborted("os error 103"));
      case "descriptors":
        listener.descriptors = listener.open + event.left;
        return clock.in(event.forUs, () => listener.descriptors = Infinity);
      case "no memory": {
        const kernel = this.#kernel;
        if (kernel === undefined) return;
        this.#trouble(event.forUs);
        kernel.isShort = true;
        return clock.in(event.forUs, () => {
          kernel.isShort = false;
          listener.onReady();
        });
      }
      case "disk":
        this.#trouble(event.forUs);
        if (event.fault === "no descriptors") disk.descriptors = disk.openFiles;
        else disk.fault = event.fault;
        return clock.in(event.forUs, () => {
          disk.fault = undefined;
          disk.descriptors = Infinity;
        });
      case "file":
        return this.#changeFile(event);
      case "set clock":
        return clock.setEpoch(event.byMs);
      case "stall":
        this.#stalledMs += event.ms;
        return clock.stall(event.ms);
      case "drain":
        return clock.message(() => this.#drain(event.graceMs));
    }
  }

  #changeFile({ name, change, size, seed }: Extract<ServerEvent, { kind: "file" }>): void {
    const { disk } = this;
    this.trace.note(0, `${change} file`);
    // An answer that is being sent can no longer be completed.
    if (change !== "replace") this.#trouble(0);
    if (change === "replace") disk.replace(name, fileBytes(size, seed));
    else if (change === "remove") disk.remove(name);
    else {
      const last = disk.versions(name).at(-1)?.bytes ?? new Uint8Array(0);
      const bytes = change === "shrink"
        ? last.slice(0, size % (last.length + 1))
        : fileBytes(last.length, seed);
      // A large file that is overwritten while it is sent arrives as a mixture, whatever a server does.
      if (change === "overwrite" && last.length > 1 << 20) disk.replace(name, bytes);
      else disk.overwrite(name, bytes);
    }
  }

  #trouble(forUs: number): void {
    this.#troubledUntilUs = Math.max(this.#troubledUntilUs, this.clock.nowUs + forUs);
  }

  #begin(client: Client): void {
    this.#clients.push(client);
    client.start();
  }

  #drain(graceMs: number): void {
    if (this.isDraining) return;
    this.trace.note(0, "drain");
    this.clock.hasPromises = true;
    const untilUs = this.clock.nowUs + graceMs * 1000;
    for (const client of this.#clients) client.serverDrains(untilUs);
    const stopped = this.#acceptor.stop(graceMs).then(() => {
      this.#hasStopped = true;
    }, (error) => void (this.#fault ??= error));
    this.#stopped = this.#readiness?.engine.loop.holdFor(stopped) ?? stopped;
  }

  /** Checks what must hold after every step. */
  #check(): void {
    if (this.#fault !== undefined) throw this.#fault;
    const { open } = this.#counters;
    const live = this.#engine.blocks.size;
    const { blocksUsed } = this.#core;
    const isRight = open === live && this.#limit.open === live && this.#wheel.size === live &&
      live <= this.settings.maxConnections && blocksUsed >= live && blocksUsed <= this.#maxBlocks;
    if (isRight) return;
    hold(open === live, () => `${open} connections count as open, ${live} are`);
    hold(this.#limit.open === live, () => `the limit counts ${this.#limit.open} of ${live}`);
    hold(live <= this.settings.maxConnections, () => `${live} connections are over the limit`);
    hold(this.#wheel.size === live, () => `${this.#wheel.size} timeouts for ${live} connections`);
    throw new Wrong(`${blocksUsed} blocks are in use for ${live} connections`);
  }

  /** Checks what must hold when the server has ended. */
  #checkEnd(): void {
    hold(this.#hasStopped, "the server does not end");
    hold(this.#counters.open === 0, "connections are left");
    hold(this.listener.open === 0, `${this.listener.open} sockets are left`);
    hold(this.#core.blocksUsed === 0, `${this.#core.blocksUsed} blocks are left`);
    hold(this.disk.openFiles === 0, `${this.disk.openFiles} files are left open`);
    hold(this.#readiness?.hasOpen !== true, "the engine knows of descriptors that are closed");
    hold((this.#kernel?.open ?? 0) === 0, () => `${this.#kernel!.open} descriptors are left`);
    hold(this.clock.timers === 0, `${this.clock.timers} timers are left`);
  }
}
