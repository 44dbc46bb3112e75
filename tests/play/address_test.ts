/** The set-up in the address: written, read back, and what is wrong in it told. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { LOAD_BOUNDS, serverBounds } from "../../play/limits.ts";
import { readAddress, writeAddress } from "../../play/address.ts";
import { DEFAULT_LOAD, DEFAULT_SERVER, DEFAULT_SETUP } from "../../play/defaults.ts";
import type { LoadSetup, ServerSetup, Setup } from "../../play/protocol.ts";
import { QUEUES, SENDINGS, SERVICES, WORK_KINDS } from "../../play/setup.ts";
import { ENGINES } from "../../servers/net/engine_options.ts";
import { MODELS } from "../../servers/models/model.ts";

const CPUS = 2;

/** Objects as a program makes them. */
const PLAIN = { noNullPrototype: true };

function numbers(bounds: Record<string, { min: number; max: number }>) {
  return Object.fromEntries(
    Object.entries(bounds).map(([key, range]) => [key, fc.integer(range)]),
  );
}

const server = fc.record({
  ...numbers(serverBounds(CPUS)),
  service: fc.constantFrom(...SERVICES),
  engine: fc.constantFrom(...ENGINES),
  model: fc.constantFrom(...MODELS),
  workKind: fc.constantFrom(...WORK_KINDS),
  sending: fc.constantFrom(...SENDINGS),
  queue: fc.constantFrom(...QUEUES),
}, PLAIN) as unknown as fc.Arbitrary<ServerSetup>;

const load = fc.record({
  ...numbers(LOAD_BOUNDS),
  isKeepAlive: fc.boolean(),
}, PLAIN) as unknown as fc.Arbitrary<LoadSetup>;

const setup: fc.Arbitrary<Setup> = fc.record({
  servers: fc.array(server, { maxLength: 4 }),
  load,
  story: fc.constantFrom("backlog", "models"),
}, { ...PLAIN, requiredKeys: ["servers", "load"] });

Deno.test("writeAddress(): every set-up is read back as it was", () => {
  fc.assert(fc.property(setup, (written) => {
    assert.deepEqual(readAddress(`#${writeAddress(written)}`, CPUS), {
      setup: written,
      problems: [],
    });
  }));
});

Deno.test("writeAddress(): says what a server is, and then what differs from the defaults", () => {
  assert.equal(
    writeAddress(DEFAULT_SETUP),
    "v=1&a.service=echo&a.engine=deno&a.model=per-core",
  );
  const changed: Setup = {
    servers: [DEFAULT_SERVER, { ...DEFAULT_SERVER, service: "http", backlog: 4 }],
    load: { ...DEFAULT_LOAD, isKeepAlive: false },
    story: "backlog",
  };
  assert.equal(
    writeAddress(changed),
    "v=1&a.service=echo&a.engine=deno&a.model=per-core" +
      "&b.service=http&b.engine=deno&b.model=per-core&b.backlog=4" +
      "&load.isKeepAlive=false&story=backlog",
  );
});

Deno.test("the defaults that version 1 leaves out never change: links are handed out", () => {
  assert.deepEqual(DEFAULT_SERVER, {
    service: "echo",
    engine: "deno",
    model: "per-core",
    workers: 1,
    maxActive: 16,
    bufferBytes: 4096,
    backlog: 1024,
    maxConnections: 4096,
    workUs: 0,
    workKind: "compute",
    idleTimeoutMs: 5000,
  });
  assert.deepEqual(DEFAULT_LOAD, {
    clients: 16,
    ratePerSecond: 0,
    messageBytes: 64,
    isKeepAlive: true,
    silentClients: 0,
    slowClients: 0,
    durationMs: 10_000,
  });
});

/** What is in the address, what is said of it, and the backlog of server A then. */
const FAULTY: readonly [string, RegExp, number | null][] = [
  ["a.backlog=5", /no v=…: only set-ups of v=1/, null],
  ["v=2&a.backlog=5", /v=2: only set-ups of v=1/, null],
  ["v=1&a.backlog=5&a.colour=red", /servers\[0\]\.colour is not known/, 5],
  ["v=1&a.backlog=0", /servers\[0\]\.backlog: 0 is not a whole number from 1 to 4096/, 1024],
  ["v=1&a.backlog=4.5", /backlog: "4.5" is not a whole number/, 1024],
  ["v=1&a.workers=16&a.backlog=5", /workers: 16 is not a whole number from 1 to 4/, 5],
  ["v=1&a.engine=kqueue&a.backlog=5", /engine: "kqueue" is none of deno, select/, 5],
  ["v=1&load.clients=many&a.backlog=5", /load\.clients: "many" is not a whole number/, 5],
  ["v=1&load.isKeepAlive=1&a.backlog=5", /isKeepAlive: 1 is neither true nor false/, 5],
  ["v=1&e.backlog=5&a.backlog=5", /^e\.backlog is not known/, 5],
  ["v=1&a.x.y=5&a.backlog=5", /^a\.x\.y is not known/, 5],
  ["v=1&a.backlog=5&token=secret", /^token is not known/, 5],
  ["v=1&a.backlog=5&story=%3Cb%3E", /story: "<b>" is not a name/, 5],
  ["v=1&a.__proto__=5&a.backlog=5", /__proto__ is not known/, 5],
];

for (const [address, problem, backlog] of FAULTY) {
  Deno.test(`readAddress(${JSON.stringify(address)}): tells what is wrong, and reads the rest`, () => {
    const { setup, problems } = readAddress(`#${address}`, CPUS);
    assert.equal(problems.length, 1, String(problems));
    assert.match(problems[0], problem);
    assert.equal(setup?.servers[0]?.backlog ?? null, backlog);
  });
}

Deno.test("readAddress(): an address without a set-up is no problem", () => {
  assert.deepEqual(readAddress("", CPUS), { setup: null, problems: [] });
  assert.deepEqual(readAddress("#", CPUS), { setup: null, problems: [] });
});
