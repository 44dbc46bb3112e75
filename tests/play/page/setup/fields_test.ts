/** The controls: what may be typed, and what cannot be combined. */
import assert from "node:assert/strict";
import { LOAD_FIELDS, readNumber, SERVER_FIELDS } from "../../../../play/page/setup/fields.ts";
import type { ChoiceField, Surroundings } from "../../../../play/page/setup/fields.ts";
import { DEFAULT_LOAD, DEFAULT_SERVER } from "../../../../play/defaults.ts";
import type { Machine, ServerSetup } from "../../../../play/protocol.ts";
import { en } from "../../../../play/page/i18n/en.ts";

const MACHINE: Machine = {
  version: "0.0.0",
  cpus: 2,
  os: "linux",
  kernel: "6.12",
  engines: ["deno", "epoll"],
  limits: { servers: 4, clients: 500, ratePerSecond: 1000, durationMs: 60_000 },
  tools: [],
};

const HERE: Surroundings = { machine: MACHINE, services: ["echo"] };

const READ: readonly [string, number, number | null][] = [
  ["12", 1, 12],
  [" 12 ", 1, 12],
  ["1.5", 1000, 1500],
  ["0.0005", 1000, 1],
  ["0", 1, 0],
  ["", 1, null],
  ["-1", 1, null],
  ["1e3", 1, null],
  ["2001", 1, null],
  ["3", 1000, null],
  ["twelve", 1, null],
];

for (const [text, scale, value] of READ) {
  Deno.test(`readNumber(${JSON.stringify(text)}, scale ${scale}): ${value}`, () => {
    assert.equal(readNumber(text, { min: 0, max: 2000 }, scale), value);
  });
}

Deno.test("fields: each has a label and a help", () => {
  for (const { key } of [...SERVER_FIELDS, ...LOAD_FIELDS]) {
    assert.ok(`field.${key}` in en, key);
    assert.ok(`help.${key}` in en, key);
  }
});

Deno.test("fields: all of a set-up can be controlled, each once", () => {
  const server = [...Object.keys(DEFAULT_SERVER), "writes", "sending", "queue"];
  assert.deepEqual(SERVER_FIELDS.map(({ key }) => key).sort(), server.sort());
  assert.deepEqual(LOAD_FIELDS.map(({ key }) => key).sort(), Object.keys(DEFAULT_LOAD).sort());
});

Deno.test("fields: the limits of the machine bound what the protocol allows", () => {
  const maxOf = (key: string, here: Surroundings) => {
    const field = [...SERVER_FIELDS, ...LOAD_FIELDS].find((one) => one.key === key)!;
    assert.ok(field.kind === "number");
    return field.bounds(here).max;
  };
  assert.equal(maxOf("workers", HERE), 4);
  assert.equal(maxOf("clients", HERE), 500);
  assert.equal(maxOf("clients", { machine: null, services: [] }), 2000);
  assert.equal(maxOf("durationMs", HERE), 60_000);
});

/** A server, a control of it, and why it does nothing. */
const DISABLED: readonly [Partial<ServerSetup>, string, string | null][] = [
  [{ model: "per-core" }, "workers", null],
  [{ model: "single" }, "workers", "why.workers"],
  [{ model: "single" }, "maxActive", "why.pool"],
  [{ model: "per-connection" }, "maxActive", null],
  [{ model: "per-connection" }, "queue", "why.queue"],
  [{ model: "shared-pool" }, "queue", null],
  [{ service: "http" }, "bufferBytes", "why.echoOnly"],
  [{ workUs: 0 }, "workKind", "why.noWork"],
  [{ workUs: 1 }, "workKind", null],
];

for (const [change, key, why] of DISABLED) {
  Deno.test(`fields: ${key} of ${JSON.stringify(change)}: ${why ?? "does something"}`, () => {
    const field = SERVER_FIELDS.find((one) => one.key === key)!;
    assert.equal(field.disabled?.({ ...DEFAULT_SERVER, ...change }, HERE) ?? null, why);
  });
}

/** A server, a choice, and why it cannot be taken. */
const REFUSED: readonly [Partial<ServerSetup>, string, string, string | null][] = [
  [{}, "engine", "io_uring", "why.engineAbsent"],
  [{}, "engine", "epoll", null],
  [{ engine: "poll" }, "model", "shared-pool", "why.enginePool"],
  [{ engine: "poll" }, "model", "single", null],
  [{ engine: "deno" }, "sending", "cork", "why.cork"],
  [{ engine: "epoll" }, "sending", "cork", null],
  [{ engine: "epoll" }, "queue", "bound", "why.queueEngine"],
  [{ engine: "deno" }, "queue", "bound", null],
];

for (const [change, key, choice, why] of REFUSED) {
  Deno.test(`fields: ${key} ${choice} with ${JSON.stringify(change)}: ${why ?? "allowed"}`, () => {
    const field = SERVER_FIELDS.find((one) => one.key === key) as ChoiceField<ServerSetup>;
    assert.equal(field.refused!(choice, { ...DEFAULT_SERVER, ...change }, HERE), why);
  });
}
