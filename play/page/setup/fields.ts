/** The controls of the set-up as data: keys, bounds, and when each is disabled. */
import { LOAD_BOUNDS, serverBounds } from "../../limits.ts";
import type { Bounds } from "../../limits.ts";
import { QUEUES, SENDINGS, SERVICES, WORK_KINDS } from "../../setup.ts";
import type { LoadSetup, Machine, ServerSetup } from "../../protocol.ts";
import { ENGINES } from "../../../servers/net/engine_options.ts";
import { MODELS } from "../../../servers/models/model.ts";
import type { MessageKey } from "../i18n/mod.ts";

/** What a control needs to know beside its own values. */
export interface Surroundings {
  machine: Machine | null;
  /** Services of all servers of the set-up, which controls of the load depend on. */
  services: readonly ServerSetup["service"][];
}

/** A reason why something cannot be chosen; null: it can. */
type Reason = MessageKey | null;

interface BaseField<T> {
  key: keyof T & string;
  /** Why the control is disabled now. */
  disabled?: (values: T, surroundings: Surroundings) => Reason;
}

/** A whole number. */
export interface NumberField<T> extends BaseField<T> {
  kind: "number";
  /** The unit that is shown, and how many units of the protocol it is. */
  unit?: "ms" | "s" | "bytes" | "perSecond";
  scale?: number;
  bounds: (surroundings: Surroundings) => Bounds;
  /** What 0 means where it is not an amount. */
  zero?: MessageKey;
}

/** A choice of words, the same as on the command line. */
export interface ChoiceField<T> extends BaseField<T> {
  kind: "choice";
  choices: readonly string[];
  /** Why a choice cannot be taken. */
  refused?: (choice: string, values: T, surroundings: Surroundings) => Reason;
}

/** Yes or no. */
export interface FlagField<T> extends BaseField<T> {
  kind: "flag";
}

export type Field<T> = NumberField<T> | ChoiceField<T> | FlagField<T>;

/** CPUs to assume before the machine is known. */
const SOME_CPUS = 1;

function ofServer(key: keyof ReturnType<typeof serverBounds>) {
  return ({ machine }: Surroundings) => serverBounds(machine?.cpus ?? SOME_CPUS)[key];
}

function refuseEngine(choice: string, { model }: ServerSetup, { machine }: Surroundings): Reason {
  if (machine !== null && !machine.engines.some((name) => name === choice)) {
    return "why.engineAbsent";
  }
  return model === "shared-pool" && (choice === "select" || choice === "poll")
    ? "why.enginePool"
    : null;
}

/** The controls of a server, in their order. */
export const SERVER_FIELDS: readonly Field<ServerSetup>[] = [
  { key: "service", kind: "choice", choices: SERVICES },
  { key: "engine", kind: "choice", choices: ENGINES, refused: refuseEngine },
  {
    key: "model",
    kind: "choice",
    choices: MODELS,
    refused: (choice, { engine }) =>
      choice === "shared-pool" && (engine === "select" || engine === "poll")
        ? "why.enginePool"
        : null,
  },
  {
    key: "workers",
    kind: "number",
    bounds: ofServer("workers"),
    disabled: ({ model }) => model === "per-core" ? null : "why.workers",
  },
  {
    key: "maxActive",
    kind: "number",
    bounds: ofServer("maxActive"),
    disabled: ({ model }) =>
      model === "shared-pool" || model === "per-connection" ? null : "why.pool",
  },
  {
    key: "queue",
    kind: "choice",
    choices: QUEUES,
    disabled: ({ model }) => model === "shared-pool" ? null : "why.queue",
    refused: (choice, { engine }) =>
      choice === "bound" && engine !== "deno" ? "why.queueEngine" : null,
  },
  {
    key: "bufferBytes",
    kind: "number",
    unit: "bytes",
    bounds: ofServer("bufferBytes"),
    disabled: ({ service }) => service === "echo" ? null : "why.echoOnly",
  },
  { key: "backlog", kind: "number", bounds: ofServer("backlog") },
  { key: "maxConnections", kind: "number", bounds: ofServer("maxConnections") },
  {
    key: "idleTimeoutMs",
    kind: "number",
    unit: "s",
    scale: 1000,
    bounds: ofServer("idleTimeoutMs"),
    zero: "field.zero.idleTimeoutMs",
  },
  { key: "workUs", kind: "number", unit: "ms", scale: 1000, bounds: ofServer("workUs") },
  {
    key: "workKind",
    kind: "choice",
    choices: WORK_KINDS,
    disabled: ({ workUs }) => workUs > 0 ? null : "why.noWork",
  },
  { key: "writes", kind: "number", bounds: ofServer("writes") },
  {
    key: "sending",
    kind: "choice",
    choices: SENDINGS,
    refused: (choice, { engine }) => choice === "cork" && engine === "deno" ? "why.cork" : null,
  },
];

function ofLoad(key: keyof typeof LOAD_BOUNDS, limit?: keyof Machine["limits"]) {
  return ({ machine }: Surroundings) => {
    const { min, max } = LOAD_BOUNDS[key];
    return { min, max: Math.min(max, limit ? machine?.limits[limit] ?? max : max) };
  };
}

/** The controls of the load, in their order. */
export const LOAD_FIELDS: readonly Field<LoadSetup>[] = [
  { key: "clients", kind: "number", bounds: ofLoad("clients", "clients") },
  {
    key: "ratePerSecond",
    kind: "number",
    unit: "perSecond",
    bounds: ofLoad("ratePerSecond", "ratePerSecond"),
    zero: "field.zero.ratePerSecond",
  },
  {
    key: "messageBytes",
    kind: "number",
    unit: "bytes",
    bounds: ofLoad("messageBytes"),
    disabled: (_, { services }) => services.includes("echo") ? null : "why.noEcho",
  },
  { key: "isKeepAlive", kind: "flag" },
  { key: "silentClients", kind: "number", bounds: ofLoad("silentClients", "clients") },
  { key: "slowClients", kind: "number", bounds: ofLoad("slowClients", "clients") },
  {
    key: "durationMs",
    kind: "number",
    unit: "s",
    scale: 1000,
    bounds: ofLoad("durationMs", "durationMs"),
  },
];

/** Reads what was typed into a control. @returns null if it is not a number within the bounds */
export function readNumber(text: string, { min, max }: Bounds, scale = 1): number | null {
  if (!/^\s*\d+(\.\d+)?\s*$/.test(text)) return null;
  const value = Math.round(Number(text) * scale);
  return value >= min && value <= max ? value : null;
}
