/**
 * Reads what comes from outside (a request to the host, the address of a page that a teacher handed
 * out) as the plain data of the protocol. Pure and strict: what is missing, unknown or out of bounds is
 * refused with its name, its value and what is allowed.
 */
import { ENGINES } from "../servers/net/engine_options.ts";
import { MODELS } from "../servers/models/model.ts";
import { type Bounds, LOAD_BOUNDS, MAX_SERVERS, serverBounds } from "./limits.ts";
import {
  GLASS_LIMITS,
  type GlassRequest,
  type LoadSetup,
  type LoadStart,
  type ServerSetup,
  type ServiceName,
  type Setup,
} from "./protocol.ts";

/** What was asked for is not possible; the message becomes that of the {@linkcode Refusal}. */
export class SetupError extends Error {
  override name = "SetupError";
}

export const SERVICES: readonly ServiceName[] = ["echo", "http"];

export const WORK_KINDS: readonly ServerSetup["workKind"][] = ["compute", "block"];

export const SENDINGS: readonly NonNullable<ServerSetup["sending"]>[] = [
  "nodelay",
  "nagle",
  "cork",
];

export const QUEUES: readonly NonNullable<ServerSetup["queue"]>[] = ["unbound", "bound"];

/** Reads the value of a field; `name` is for messages. */
type Reader<T> = (value: unknown, name: string) => T;

/** The most characters of a value that a message repeats. */
const SHOWN = 40;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** A whole number within `bounds`. */
function whole({ min, max }: Bounds): Reader<number> {
  return (value, name) => {
    if (Number.isInteger(value) && value as number >= min && value as number <= max) {
      return value as number;
    }
    throw new SetupError(`${name}: ${shown(value)} is not a whole number from ${min} to ${max}`);
  };
}

function oneOf<T extends string>(choices: readonly T[]): Reader<T> {
  return (value, name) => {
    if (choices.includes(value as T)) return value as T;
    throw new SetupError(`${name}: ${shown(value)} is none of ${choices.join(", ")}`);
  };
}

const flag: Reader<boolean> = (value, name) => {
  if (typeof value === "boolean") return value;
  throw new SetupError(`${name}: ${shown(value)} is neither true nor false`);
};

/** Text of at most `most` letters, digits, `_` and `-`. */
function word(most: number): Reader<string> {
  return (value, name) => {
    if (typeof value === "string" && value.length <= most && /^[\w-]+$/.test(value)) return value;
    throw new SetupError(`${name}: ${shown(value)} is not a name of up to ${most} letters`);
  };
}

function listOf<T>(read: Reader<T>, { min, max }: Bounds): Reader<T[]> {
  return (value, name) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      throw new SetupError(`${name}: ${shown(value)} is not a list of ${min} to ${max}`);
    }
    return value.map((one, i) => read(one, `${name}[${i}]`));
  };
}

/** An object with exactly these fields; those of `optional` may be missing. */
function record<T extends object>(
  fields: { [K in keyof T]-?: Reader<NonNullable<T[K]>> },
  optional: readonly (keyof T)[] = [],
): Reader<T> {
  return (value, name) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new SetupError(`${name || "the request"}: ${shown(value)} is not an object`);
    }
    const prefix = name && `${name}.`;
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
    if (unknown !== undefined) {
      throw new SetupError(
        `${prefix}${unknown.slice(0, SHOWN)} is not known; there are ${
          Object.keys(fields).join(", ")
        }`,
      );
    }
    const result: Partial<T> = {};
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      const own = Object.hasOwn(value, key) ? (value as T)[key] : undefined;
      if (own === undefined && optional.includes(key)) continue;
      if (own === undefined) throw new SetupError(`${prefix}${key} is missing`);
      result[key] = fields[key](own, prefix + key);
    }
    return result as T;
  };
}

function serverReader(cpus: number): Reader<ServerSetup> {
  const bounds = serverBounds(cpus);
  return record<ServerSetup>({
    service: oneOf(SERVICES),
    engine: oneOf(ENGINES),
    model: oneOf(MODELS),
    workers: whole(bounds.workers),
    maxActive: whole(bounds.maxActive),
    bufferBytes: whole(bounds.bufferBytes),
    backlog: whole(bounds.backlog),
    maxConnections: whole(bounds.maxConnections),
    workUs: whole(bounds.workUs),
    workKind: oneOf(WORK_KINDS),
    idleTimeoutMs: whole(bounds.idleTimeoutMs),
    writes: whole(bounds.writes),
    sending: oneOf(SENDINGS),
    queue: oneOf(QUEUES),
  }, ["writes", "sending", "queue"]);
}

const loadReader = record<LoadSetup>({
  clients: whole(LOAD_BOUNDS.clients),
  ratePerSecond: whole(LOAD_BOUNDS.ratePerSecond),
  messageBytes: whole(LOAD_BOUNDS.messageBytes),
  isKeepAlive: flag,
  silentClients: whole(LOAD_BOUNDS.silentClients),
  slowClients: whole(LOAD_BOUNDS.slowClients),
  durationMs: whole(LOAD_BOUNDS.durationMs),
});

/** Characters of a server's id, and of a story's name. */
const MAX_NAME = 40;

const loadStartReader = record<LoadStart>({
  servers: listOf(word(MAX_NAME), { min: 1, max: MAX_SERVERS }),
  load: loadReader,
});

/** Reads a server's set-up, on a machine with `cpus` CPUs. @throws {SetupError} */
export function readServerSetup(value: unknown, cpus: number): ServerSetup {
  return serverReader(cpus)(value, "");
}

/** Reads a load's set-up. @throws {SetupError} */
export function readLoadSetup(value: unknown): LoadSetup {
  return loadReader(value, "");
}

/** Reads a load that is to be started. @throws {SetupError} */
export function readLoadStart(value: unknown): LoadStart {
  return loadStartReader(value, "");
}

/** The most base64 characters of a part under the glass; the size of all parts is checked later. */
const MAX_PART = Math.ceil(GLASS_LIMITS.bytes / 3) * 4;

const partReader: Reader<string> = (value, name) => {
  if (typeof value === "string" && value.length <= MAX_PART) return value;
  throw new SetupError(`${name}: ${shown(value)} is not a text of up to ${MAX_PART} characters`);
};

/** Reads what is to be put under the glass, on a machine with `cpus` CPUs. @throws {SetupError} */
export function readGlassRequest(value: unknown, cpus: number): GlassRequest {
  return record<GlassRequest>({
    service: oneOf(SERVICES),
    setups: listOf(serverReader(cpus), { min: 1, max: GLASS_LIMITS.setups }),
    parts: listOf(partReader, { min: 1, max: GLASS_LIMITS.parts }),
  })(value, "");
}

/** Reads the set-up of a whole page, on a machine with `cpus` CPUs. @throws {SetupError} */
export function readSetup(value: unknown, cpus: number): Setup {
  return record<Setup>({
    servers: listOf(serverReader(cpus), { min: 0, max: MAX_SERVERS }),
    load: loadReader,
    story: word(MAX_NAME),
  }, ["story"])(value, "");
}
