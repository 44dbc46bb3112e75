/**
 * What the page of the playground and its host send to each other: plain data, as JSON.
 *
 * Each request carries the `?token=…` of the printed address:
 *
 * | request                     | body              | answer                                     |
 * | --------------------------- | ----------------- | ------------------------------------------ |
 * | `GET /`                     |                   | the page                                   |
 * | `GET /page.js` and others   |                   | the files that the page loads              |
 * | `GET /api/machine`          |                   | {@linkcode Machine}                        |
 * | `GET /api/events`           |                   | server-sent events, {@linkcode Frame} each |
 * | `POST /api/servers`         | `ServerSetup`     | `{ id }`                                   |
 * | `DELETE /api/servers/ID`    |                   | 204 when it has ended                      |
 * | `POST /api/loads`           | `LoadStart`       | `{ ids }`, one for each server             |
 * | `DELETE /api/loads/ID`      |                   | 204 when it has ended                      |
 * | `GET /api/loads/ID`         |                   | its whole {@linkcode LoadResult}           |
 * | `POST /api/glass`           | `GlassRequest`    | {@linkcode GlassTrace}s                    |
 * | `POST /api/report`          | `Recording`       | the lab's report, HTML                     |
 *
 * A request that is refused is answered with 4xx or 503, and a {@linkcode Refusal}.
 */
import type { Environment } from "../bench/lab/environment.ts";
import type { LoadSample } from "../bench/load_sample.ts";
import type { EngineName } from "../servers/net/engine_options.ts";
import type { Model } from "../servers/models/model.ts";
import type { ServerSample } from "../servers/models/server_sample.ts";
import type { TraceStep } from "../servers/net/trace/step.ts";

/** How often frames are taken, in ms. */
export const FRAME_MS = 100;

/** The servers that can be started. */
export type ServiceName = "echo" | "http";

/** How a server is to be started: options of `ktcp echo` and `ktcp http`. */
export interface ServerSetup {
  service: ServiceName;
  engine: EngineName;
  model: Model;
  /** For `per-core`. */
  workers: number;
  /** For `shared-pool` and `per-connection`. */
  maxActive: number;
  /** For `echo`: the longest piece that is sent back. */
  bufferBytes: number;
  backlog: number;
  maxConnections: number;
  /** What each message costs before it is answered, in us; 0: nothing. */
  workUs: number;
  workKind: "compute" | "block";
  /** How long a connection may be idle, in ms; 0: for ever. */
  idleTimeoutMs: number;
  /** In how many sends each answer leaves; absent: 1. */
  writes?: number;
  /** How small segments are sent; engine `deno` cannot do `cork`; absent: `nodelay`. */
  sending?: "nodelay" | "nagle" | "cork";
  /** The queue of `shared-pool`: with WQ_UNBOUND, or with no flag; absent: `unbound`. */
  queue?: "unbound" | "bound";
}

/** How a load is to be put on servers. */
export interface LoadSetup {
  /** Clients: connections at once. */
  clients: number;
  /** Messages per second over all clients; 0: each client sends when its last answer has come. */
  ratePerSecond: number;
  /** For `echo`. */
  messageBytes: number;
  /** Whether a connection stays for further messages. */
  isKeepAlive: boolean;
  /** Additional connections that send nothing. */
  silentClients: number;
  /** Additional connections that send a byte per second. */
  slowClients: number;
  durationMs: number;
}

/** The set-up of a page, which its address holds. */
export interface Setup {
  servers: ServerSetup[];
  load: LoadSetup;
  /** The story that set it up. */
  story?: string;
}

/** A load to be started on each of some servers. */
export interface LoadStart {
  servers: string[];
  load: LoadSetup;
}

/** Why a request was refused. */
export interface Refusal {
  /** What was attempted, with which value, and what to do. */
  error: string;
}

/** What this machine can do. */
export interface Machine {
  version: string;
  cpus: number;
  os: string;
  kernel: string;
  engines: EngineName[];
  /** The largest values that may be asked for. */
  limits: { servers: number; clients: number; ratePerSecond: number; durationMs: number };
  /** Tools that are installed: `nginx`. */
  tools: string[];
  /** Its hardware and settings, as the labs' reports state them. */
  environment?: Environment;
}

/** What a process uses; times count from its start. */
export interface ProcessView {
  pid: number;
  userUs: number;
  systemUs: number;
  rssBytes: number;
  threads: number;
}

/** What the kernel holds for a server's port. */
export interface SocketView {
  /** How many connections wait to be accepted, and how many may. */
  acceptQueue: { length: number; limit: number } | null;
  /** Sockets in SYN-RECV: the SYN queue. */
  synQueue: number;
  /** Sockets of the port by state, those of the load included: `established`, `time-wait`. */
  states: Record<string, number>;
}

/** A server in a frame. */
export interface ServerView {
  id: string;
  state: "starting" | "running" | "stopping" | "ended";
  setup: ServerSetup;
  /** Absent until it listens. */
  address?: string;
  /** Why it ended without having been asked to. */
  failure?: string;
  sample: ServerSample | null;
  process: ProcessView | null;
  sockets: SocketView | null;
}

/**
 * What `ktcp bench --json` or `ktcp htstress --json` prints. Frames leave out `hdr` and `clients`, which
 * are large.
 */
export type LoadResult = Record<string, unknown>;

/** A load in a frame. */
export interface LoadView {
  id: string;
  serverId: string;
  state: "running" | "ended";
  setup: LoadSetup;
  /** What has come since the last frame. */
  samples: LoadSample[];
  process: ProcessView | null;
  /** Silent and slow clients: open now, and closed by the server. */
  held: { open: number; closed: number };
  /** Null until it has ended, and if it has no result; without the large parts. */
  result: LoadResult | null;
  failure?: string;
}

/** Counters of the kernel for the whole network namespace, since that was created. */
export interface KernelView {
  synRetransmits: number;
  retransmits: number;
  listenOverflows: number;
  listenDrops: number;
}

/** Everything at one moment. */
export interface Frame {
  /** In ms since the epoch, with fractions. */
  atMs: number;
  servers: ServerView[];
  loads: LoadView[];
  /** Null where the kernel does not show them. */
  kernel: KernelView | null;
  /** CPU time of the host's thread since the last frame, in us, for everything that it does. */
  costUs: number;
}

/** A request under the glass: the same bytes to each of some engines. */
export interface GlassRequest {
  service: ServiceName;
  setups: ServerSetup[];
  /** What is sent, in parts, each by a send of its own, as base64. */
  parts: string[];
}

/** A step of a connection. */
export type GlassStep = TraceStep;

/** A connection, step by step, as a server of one set-up handled it. */
export interface GlassTrace {
  setup: ServerSetup;
  steps: GlassStep[];
  /** There were more steps than are kept. */
  isCut?: boolean;
  /** What the client received, base64. */
  received: string;
  failure?: string;
}

/** Upper bounds of a {@linkcode GlassRequest}. */
export const GLASS_LIMITS = { setups: 5, parts: 64, bytes: 16_384 };

/** A run that was recorded. */
export interface Recording {
  format: "ktcp-play-1";
  savedAt: string;
  machine: Machine;
  setup: Setup;
  frames: Frame[];
  /** Whole results of loads by id, as far as the page has asked for them; reports draw them. */
  results?: Record<string, LoadResult>;
}
