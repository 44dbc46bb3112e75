/**
 * A server's settings, as plain data that can be sent to a Worker, and their defaults.
 */
import { DEFAULT_LIMITS, type Limits } from "../../core/mod.ts";
import { LOOPBACK } from "../../system/address.ts";
import type { AccessLogOptions } from "../http/access_log.ts";
import type { Timeouts } from "../net/connection.ts";
import { DEFAULT_ENGINE, type EngineOptions } from "../net/engine_options.ts";
import type { ListenOptions } from "../net/listen_options.ts";
import { DEFAULT_SENDING, type SendOptions } from "../net/send_options.ts";
import type { DirectoryOptions } from "../files/directory.ts";
import type { Users } from "../files/htpasswd.ts";
import type { MessageWork } from "./message_work.ts";
import type { Model } from "./model.ts";
import type { ThreadWatch } from "./thread_watch.ts";

/** Settings of `ktcp echo`. */
export interface EchoServiceOptions {
  /** Discriminates the services. */
  kind: "echo";
  /** Most bytes of a piece that is sent back. */
  bufferBytes: number;
  /** Print connections and splits on stderr. */
  verbose: boolean;
  /** Artificial work for each piece before it is sent back; none by default. */
  work?: MessageWork;
}

/** Settings of `ktcp http`. */
export interface HttpServiceOptions {
  /** Discriminates the services. */
  kind: "http";
  /** What is served: Hello World, the request's content, or a directory. */
  content: "hello" | "echo" | "dir";
  /** The directory and how it is served, for `dir`. */
  directory?: DirectoryOptions;
  /** Absent: no access log. */
  log?: AccessLogOptions;
  /** Where requests are counted: see `shareFigures`; absent: nowhere. */
  figures?: SharedArrayBuffer;
  /** Bounds of a request. */
  limits: Limits;
  /** Artificial work for each request before it is answered; none by default. */
  work?: MessageWork;
}

/** A service by name. */
export type ServiceOptions = EchoServiceOptions | HttpServiceOptions;

/** Settings of a server, as every thread of it knows them. */
export interface ServerOptions {
  listen: ListenOptions;
  engine: EngineOptions;
  sending: SendOptions;
  service: ServiceOptions;
  timeouts: Timeouts;
  maxConnections: number;
  /** Whether connections are traced, on stdout: see `printTrace`. Models `single` and `per-core` can. */
  traces: boolean;
}

/** Resolution of timeouts, in ms: a timeout may end this much late. */
export const TICK_MS = 250;

const HTTP_TIMEOUTS: Timeouts = {
  idleMs: 5000,
  headMs: 10_000,
  contentMs: 10_000,
  writeMs: 30_000,
  lingerMs: 5000,
};

/** Timeouts by service: echo waits forever between messages. */
export const DEFAULT_TIMEOUTS: Record<ServiceOptions["kind"], Timeouts> = {
  echo: { ...HTTP_TIMEOUTS, idleMs: 0 },
  http: HTTP_TIMEOUTS,
};

/** The default of `--buffer`. */
export const DEFAULT_BUFFER_BYTES = 4096;

/** The default of `--backlog`. */
export const DEFAULT_BACKLOG = 1024;

/** The default of `--max-connections`. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;

/** Options that differ from the defaults. */
export interface PartialServerOptions {
  /** Where it listens; default: a free port of 127.0.0.1. */
  listen?: Partial<ListenOptions>;
  /** Who drives the sockets; default: the runtime. */
  engine?: Partial<EngineOptions>;
  /** How answers are cut into writes, and what the kernel is told about them. */
  sending?: Partial<SendOptions>;
  /** The protocol, and its settings. */
  service: ServiceOptions;
  /** In milliseconds; those left out default to {@linkcode DEFAULT_TIMEOUTS}. */
  timeouts?: Partial<Timeouts>;
  /** Most open connections; further ones wait in the accept queue. */
  maxConnections?: number;
  /** Default: no. */
  traces?: boolean;
  /** Default: `single`, which needs no Worker. */
  model?: Model;
  /** Workers of `per-core`; default: as many as there are CPUs. */
  workers?: number;
  /**
   * Most items (or connections) that are worked on at once, for `shared-pool` and `per-connection`.
   */
  maxActive?: number;
  /**
   * `WQ_…` of the queue of these two models; 0 is a bound queue, which `shared-pool` has with the
   * engine `deno` only. Default: `WQ_UNBOUND`.
   */
  wqFlags?: number;
  /** Permissions that the main thread still needs once it listens, such as to read files again. */
  keeps?: readonly ("net" | "read" | "write")[];
  /** Users who may read a directory, besides its `auth`; absent: there is no password file. */
  users?: Users;
  /** Where to serve metrics of an HTTP server; absent: nowhere. */
  metrics?: MetricsOptions;
  /** Where to redirect http to the https that is served; absent: nowhere. */
  httpRedirect?: SideAddress;
  /**
   * Watches the threads, for samples; absent: no samples are taken.
   *
   * @internal
   */
  watch?: ThreadWatch;
  /** Called with a line, without its newline, that the user should see. */
  onNote?: (note: string) => void;
}

/** Where a small server beside the main one listens. */
export interface SideAddress {
  /** A name or an address. */
  hostname: string;
  /** 0: the system chooses. */
  port: number;
}

/** How metrics are served. */
export interface MetricsOptions extends SideAddress {
  /** The program's version, for the metrics. */
  version: string;
}

/** The default of `--max-active`. */
export const DEFAULT_MAX_ACTIVE = 256;

/** Fills in the defaults. */
export function withDefaults(options: PartialServerOptions): ServerOptions {
  return {
    listen: { hostname: LOOPBACK, port: 0, backlog: DEFAULT_BACKLOG, ...options.listen },
    engine: { ...DEFAULT_ENGINE, ...options.engine },
    sending: { ...DEFAULT_SENDING, ...options.sending },
    service: options.service,
    timeouts: { ...DEFAULT_TIMEOUTS[options.service.kind], ...options.timeouts },
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    traces: options.traces ?? false,
  };
}

/** The limits that a server's core enforces. */
export function limitsOf(service: ServiceOptions): Limits {
  return service.kind === "http" ? service.limits : DEFAULT_LIMITS;
}

/** Whether files are served. */
export function servesFiles(service: ServiceOptions): boolean {
  return service.kind === "http" && service.content === "dir";
}

/** Whether passwords of a file are checked. */
export function checksPasswords(service: ServiceOptions): boolean {
  return servesFiles(service) &&
    (service as HttpServiceOptions).directory?.passwordRevision !== undefined;
}

/** Whether files are compressed on the fly. */
export function compresses(service: ServiceOptions): boolean {
  return servesFiles(service) && (service as HttpServiceOptions).directory?.compress === true;
}
