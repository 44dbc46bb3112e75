/**
 * Frames of servers that do not exist, for views in development and in tests: deterministic, with all that
 * a busy server shows. No page of ktcp's ever shows one.
 */
import type { LoadSample } from "../../bench/load_sample.ts";
import type { Frame, LoadSetup, LoadView, ServerSetup, ServerView } from "../../play/protocol.ts";
import { FRAME_MS } from "../../play/protocol.ts";
import type { ServerSample, ThreadSample } from "../../servers/models/server_sample.ts";
import { type Counters, zeroCounters } from "../../servers/net/counters.ts";

export const SERVER_SETUP: ServerSetup = {
  service: "http",
  engine: "epoll",
  model: "shared-pool",
  workers: 2,
  maxActive: 8,
  bufferBytes: 4096,
  backlog: 64,
  maxConnections: 10_000,
  workUs: 0,
  workKind: "compute",
  idleTimeoutMs: 5000,
};

export const LOAD_SETUP: LoadSetup = {
  clients: 100,
  ratePerSecond: 0,
  messageBytes: 64,
  isKeepAlive: true,
  silentClients: 0,
  slowClients: 0,
  durationMs: 60_000,
};

/** What a fake server is like. */
export interface FakeServer {
  id: string;
  setup?: Partial<ServerSetup>;
  /** Messages a second, roughly. */
  rate?: number;
  /** Typical latency. */
  latencyUs?: number;
  /** Open connections. */
  connections?: number;
  /** Of these, how many end in each frame and are replaced. */
  churn?: number;
  /** Errors a second, roughly. */
  errorRate?: number;
  /** Frame at which the load begins. */
  loadFrom?: number;
}

/** Makes one frame after another; the same seed gives the same frames. */
export class SyntheticFrames {
  #random: () => number;
  #atMs: number;
  #servers: Fake[];
  #kernel = { synRetransmits: 12, retransmits: 340, listenOverflows: 0, listenDrops: 0 };
  #index = 0;

  constructor(servers: readonly FakeServer[], { seed = 1, startMs = 1_700_000_000_000 } = {}) {
    this.#random = randomNumbers(seed);
    this.#atMs = startMs;
    this.#servers = servers.map((server) => new Fake(server, this.#random));
  }

  next(): Frame {
    this.#atMs += FRAME_MS + (this.#random() - 0.5) * 4;
    const atMs = this.#atMs;
    const parts = this.#servers.map((server) => server.step(atMs, this.#index));
    this.#index++;
    for (const { view: { sockets } } of parts) {
      if (sockets?.acceptQueue && sockets.acceptQueue.length >= sockets.acceptQueue.limit) {
        this.#kernel.listenOverflows += 3;
        this.#kernel.listenDrops += 3;
        this.#kernel.synRetransmits += 2;
      }
    }
    this.#kernel.retransmits += this.#random() < 0.2 ? 1 : 0;
    return {
      atMs,
      servers: parts.map(({ view }) => view),
      loads: parts.flatMap(({ load }) => load),
      kernel: { ...this.#kernel },
      costUs: 600 + this.#random() * 200,
    };
  }

  /** The next `count` frames. */
  take(count: number): Frame[] {
    return Array.from({ length: count }, () => this.next());
  }
}

class Fake {
  #server: Required<FakeServer> & { setup: ServerSetup };
  #random: () => number;
  #ids: number[] = [];
  #phases: number[] = [];
  #input: number[] = [];
  #timeouts: number[] = [];
  #nextId = 1;
  #counters: Counters = zeroCounters();
  #threads: ThreadSample[];
  #load = { done: 0, failed: 0, errors: { reset: 0, timeout: 0, refused: 0 } };
  #process = { userUs: 90_000, systemUs: 40_000, rssBytes: 46e6 };
  #timeWait = 0;
  #costUs = 0;

  constructor(server: FakeServer, random: () => number) {
    this.#random = random;
    this.#server = {
      rate: 20_000,
      latencyUs: 900,
      connections: 100,
      churn: 0,
      errorRate: 0,
      loadFrom: 0,
      ...server,
      setup: { ...SERVER_SETUP, ...server.setup },
    };
    const { model, workers, maxActive } = this.#server.setup;
    const isPool = model === "shared-pool" || model === "per-connection";
    const names = model === "single"
      ? []
      : isPool
      ? Array.from({ length: maxActive }, (_, i) => `kworker/u:${i}`)
      : Array.from({ length: workers }, (_, i) => `kworker/${i}:0`);
    this.#threads = ["main", ...names].map((name, i) => ({
      name,
      state: "idle",
      isAlive: !isPool || i === 0,
      ...(isPool && i > 0
        ? {
          work: {
            name,
            cpu: null,
            alive: false,
            created: 0,
            items: 0,
            busyUs: 0,
            crashes: 0,
          },
        }
        : { calls: { waits: 0, events: 0, calls: 0 } }),
    }));
  }

  step(atMs: number, index: number): { view: ServerView; load: LoadView[] } {
    const { id, setup, rate, errorRate, loadFrom } = this.#server;
    const isLoaded = index >= loadFrom;
    const wave = 1 + 0.25 * Math.sin(index / 40) + 0.1 * (this.#random() - 0.5);
    const served = isLoaded ? Math.round(rate * wave * FRAME_MS / 1000) : 0;
    const burst = isLoaded && index % 90 > 70;

    this.#connect(isLoaded);
    this.#counters = {
      ...this.#counters,
      open: this.#ids.length,
      served: this.#counters.served + served,
      bytesIn: this.#counters.bytesIn + served * 120,
      bytesOut: this.#counters.bytesOut + served * 180,
    };
    const errors = isLoaded && this.#random() < errorRate * FRAME_MS / 1000 ? 1 : 0;
    if (errors > 0) {
      this.#counters.resets += 1;
      this.#counters.timeouts += this.#random() < 0.5 ? 1 : 0;
      this.#load.errors.reset += 1;
      this.#load.errors.timeout += this.#random() < 0.4 ? 1 : 0;
      this.#load.failed += 1;
    }
    this.#threads = this.#threads.map((thread, i) => this.#run(thread, i, served, wave));
    this.#costUs += 150 + this.#random() * 80;

    const active = this.#threads.filter(({ work, state }) => work && state !== "idle").length;
    const isPool = setup.model === "shared-pool" || setup.model === "per-connection";
    const sample: ServerSample = {
      atMs: atMs - 3,
      counters: { ...this.#counters },
      threads: this.#threads,
      queue: isPool
        ? {
          waiting: isLoaded ? Math.round((burst ? 60 : 6) * this.#random()) : 0,
          active,
          maxActive: setup.maxActive,
        }
        : null,
      connections: {
        ids: [...this.#ids],
        phases: [...this.#phases],
        inputBytes: [...this.#input],
        untilTimeoutMs: [...this.#timeouts],
      },
      costUs: this.#costUs,
    };

    this.#process.userUs += isLoaded ? 42_000 * wave : 300;
    this.#process.systemUs += isLoaded ? 31_000 * wave : 200;
    this.#process.rssBytes += isLoaded ? 20_000 * this.#random() : 0;
    this.#timeWait = Math.max(0, this.#timeWait + this.#server.churn - this.#timeWait * 0.002);
    const limit = setup.backlog;
    const view: ServerView = {
      id,
      state: "running",
      setup,
      address: "127.0.0.1:8081",
      sample,
      process: { pid: 4711, threads: this.#threads.length + 6, ...this.#process },
      sockets: {
        acceptQueue: {
          length: burst ? limit + 1 : Math.round(limit * 0.2 * this.#random()),
          limit,
        },
        synQueue: burst ? Math.round(20 * this.#random()) : 0,
        states: {
          listening: 1,
          established: 2 * this.#ids.length,
          "time-wait": Math.round(this.#timeWait),
          "fin-wait-2": Math.round(this.#server.churn * this.#random()),
          "close-wait": Math.round(this.#server.churn * this.#random()),
        },
      },
    };
    if (!isLoaded) return { view, load: [] };
    const load: LoadView = {
      id: `load-${id}`,
      serverId: id,
      state: "running",
      setup: LOAD_SETUP,
      samples: [this.#loadSample(atMs, served, burst)],
      process: {
        pid: 4712,
        userUs: this.#process.userUs * 0.7,
        systemUs: this.#process.systemUs * 0.6,
        rssBytes: 60e6,
        threads: 9,
      },
      held: { open: 0, closed: 0 },
      result: null,
    };
    return { view, load: [load] };
  }

  #connect(isLoaded: boolean): void {
    const { connections, churn, setup } = this.#server;
    const ends = isLoaded ? Math.min(churn, this.#ids.length) : 0;
    for (let i = 0; i < ends; ++i) {
      const at = Math.floor(this.#random() * this.#ids.length);
      for (const column of [this.#ids, this.#phases, this.#input, this.#timeouts]) {
        column.splice(at, 1);
      }
    }
    while (isLoaded && this.#ids.length < connections) {
      this.#ids.push(this.#nextId++);
      this.#phases.push(0);
      this.#input.push(0);
      this.#timeouts.push(setup.idleTimeoutMs);
      this.#counters.connections++;
    }
    this.#phases.forEach((_, i) => {
      this.#timeouts[i] = Math.max(0, this.#timeouts[i] - FRAME_MS);
      if (this.#random() < 0.7 && this.#timeouts[i] > 0) return;
      const phase = PHASE_MIX[Math.floor(this.#random() * PHASE_MIX.length)];
      this.#phases[i] = phase;
      this.#input[i] = phase === 1 || phase === 2
        ? Math.floor(2 ** (this.#random() * 12))
        : phase === 3
        ? 120
        : 0;
      this.#timeouts[i] = phase === 3 ? -1 : setup.idleTimeoutMs;
    });
  }

  #run(thread: ThreadSample, i: number, served: number, wave: number): ThreadSample {
    if (thread.calls) {
      const share = served / Math.max(1, this.#threads.filter(({ calls }) => calls).length);
      const events = Math.round(share * 1.05);
      return {
        ...thread,
        state: served === 0 ? "idle" : this.#random() < 0.7 ? "busy" : "idle",
        calls: {
          waits: thread.calls.waits + Math.round(events / (6 * wave)) + 1,
          events: thread.calls.events + events,
          calls: thread.calls.calls + Math.round(share * 2.1 + events / (6 * wave)),
        },
      };
    }
    const work = thread.work!;
    const wants = served > 0 && i <= 2 + (wave - 0.7) * 8;
    const isAlive = wants || (thread.isAlive && this.#random() < 0.97);
    const state = !wants
      ? "idle"
      : this.#random() < 0.6
      ? "busy"
      : this.#random() < 0.5
      ? "blocked"
      : "idle";
    return {
      ...thread,
      isAlive,
      state,
      work: {
        ...work,
        alive: isAlive,
        created: work.created + (isAlive && !thread.isAlive ? 1 : 0),
        items: work.items + (wants ? Math.round(served / 6) : 0),
        busyUs: work.busyUs + (wants ? FRAME_MS * 1000 * (0.6 + 0.35 * this.#random()) : 0),
      },
    };
  }

  #loadSample(atMs: number, answers: number, burst: boolean): LoadSample {
    this.#load.done += answers;
    const counts = new Map<number, number>();
    for (let i = 0; i < 120; ++i) {
      const normal = (this.#random() + this.#random() + this.#random() - 1.5) * 1.4;
      const slow = this.#random() < (burst ? 0.2 : 0.015) ? 25 : 1;
      const us = this.#server.latencyUs * Math.exp(normal) * slow;
      const edge = Math.round(1.05 ** Math.ceil(Math.log(us) / Math.log(1.05)));
      counts.set(edge, (counts.get(edge) ?? 0) + Math.max(1, Math.round(answers / 120)));
    }
    const upToUs = [...counts.keys()].sort((a, b) => a - b);
    return {
      startMs: atMs - FRAME_MS - 20,
      endMs: atMs - 20,
      totals: {
        done: this.#load.done,
        failed: this.#load.failed,
        bytesIn: this.#load.done * 180,
        statuses: { "200": this.#load.done },
        errors: { ...this.#load.errors },
        open: this.#ids.length,
        unsent: null,
      },
      answers,
      latency: { upToUs, counts: upToUs.map((edge) => counts.get(edge)!) },
      connect: { upToUs: [], counts: [] },
    };
  }
}

/** Indexes into `CONNECTION_PHASES`, as often as they occur. */
const PHASE_MIX = [0, 0, 0, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5];

/** Numbers from 0 up to 1 (xorshift32). */
function randomNumbers(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
