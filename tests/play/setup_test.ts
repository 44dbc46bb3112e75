/** What comes from outside is read strictly, and refused in words that help. */
import assert from "node:assert/strict";
import { LOAD_BOUNDS, serverBounds } from "../../play/limits.ts";
import {
  readLoadSetup,
  readLoadStart,
  readServerSetup,
  readSetup,
  SetupError,
} from "../../play/setup.ts";
import { PLAY_LOAD, PLAY_SERVER } from "../support/play_setups.ts";

const CPUS = 4;

const server = (change: object) => () => readServerSetup({ ...PLAY_SERVER, ...change }, CPUS);
const load = (change: object) => () =>
  readLoadStart({ servers: ["s1"], load: { ...PLAY_LOAD, ...change } });

/** What is refused, and the message. */
const REFUSED: [what: () => unknown, message: string | RegExp][] = [
  [() => readServerSetup(null, CPUS), "the request: null is not an object"],
  [
    () => readServerSetup([PLAY_SERVER], CPUS),
    /^the request: \[\{"service":"echo".{1,40}… is not an obj/,
  ],
  [server({ service: "ftp" }), 'service: "ftp" is none of echo, http'],
  [
    server({ engine: "kqueue" }),
    /^engine: "kqueue" is none of deno, select, poll, epoll, io_uring$/,
  ],
  [server({ model: ["single"] }), /^model: \["single"\] is none of per-core, /],
  [server({ workers: 9 }), "workers: 9 is not a whole number from 1 to 8"],
  [server({ workers: "2" }), 'workers: "2" is not a whole number from 1 to 8'],
  [server({ backlog: 1.5 }), "backlog: 1.5 is not a whole number from 1 to 4096"],
  [server({ backlog: undefined }), "backlog is missing"],
  [server({ workUs: 1_000_001 }), "workUs: 1000001 is not a whole number from 0 to 1000000"],
  [server({ sending: "late" }), 'sending: "late" is none of nodelay, nagle, cork'],
  [server({ exec: "sh" }), /^exec is not known; there are service, engine, model, /],
  [server(JSON.parse('{"__proto__":1}')), /^__proto__ is not known/],
  [load({ clients: 2001 }), "load.clients: 2001 is not a whole number from 1 to 2000"],
  [load({ ratePerSecond: -1 }), "load.ratePerSecond: -1 is not a whole number from 0 to 100000"],
  [
    load({ durationMs: 600_001 }),
    "load.durationMs: 600001 is not a whole number from 100 to 600000",
  ],
  [load({ isKeepAlive: 1 }), "load.isKeepAlive: 1 is neither true nor false"],
  [load({ url: "http://x/" }), /^load\.url is not known; there are clients, /],
  [() => readLoadStart({ servers: [], load: PLAY_LOAD }), "servers: [] is not a list of 1 to 4"],
  [
    () => readLoadStart({ servers: ["a b"], load: PLAY_LOAD }),
    /^servers\[0\]: "a b" is not a name/,
  ],
  [() => readLoadStart({ servers: ["s1"] }), "load is missing"],
  [
    () => readSetup({ servers: Array(5).fill(PLAY_SERVER), load: PLAY_LOAD }, CPUS),
    /is not a list of 0 to 4$/,
  ],
  [
    () => readSetup({ servers: [{ ...PLAY_SERVER, workers: 0 }], load: PLAY_LOAD }, CPUS),
    "servers[0].workers: 0 is not a whole number from 1 to 8",
  ],
  [
    () => readSetup({ servers: [], load: PLAY_LOAD, story: "../x" }, CPUS),
    /^story: "\.\.\/x" is not a name/,
  ],
];

Deno.test("set-ups that are wrong are refused by name, value and what may stand there", () => {
  for (const [read, message] of REFUSED) {
    assert.throws(read, (error) => {
      assert.ok(error instanceof SetupError, `${error}`);
      if (typeof message === "string") assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    }, `${message}`);
  }
});

Deno.test("set-ups within the bounds are read as they are", () => {
  const setup = { servers: [PLAY_SERVER], load: PLAY_LOAD };
  assert.deepEqual(readSetup(setup, CPUS), setup);
  assert.deepEqual(readSetup({ ...setup, story: "backlog" }, CPUS).story, "backlog");
  for (const [key, bounds] of Object.entries(serverBounds(CPUS))) {
    for (const value of [bounds.min, bounds.max]) {
      assert.equal(
        readServerSetup({ ...PLAY_SERVER, [key]: value }, CPUS)[key as "backlog"],
        value,
      );
    }
  }
  for (const [key, bounds] of Object.entries(LOAD_BOUNDS)) {
    for (const value of [bounds.min, bounds.max]) {
      assert.equal(readLoadSetup({ ...PLAY_LOAD, [key]: value })[key as "clients"], value);
    }
  }
});
