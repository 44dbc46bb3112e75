/** The claims by which threads share connections: exactly one has it, and no event is lost. */
import assert from "node:assert/strict";
import {
  ConnectionTable,
  Offer,
} from "../../../../../../servers/net/engines/linux/pool/connection_table.ts";
import { NEVER } from "../../../../../../servers/net/deadlines.ts";
import type { Claiming } from "./claiming_worker.ts";

const FD = 7;

/** Two threads' views of one table, in which the first has opened a connection. */
function opened(): { a: ConnectionTable; b: ConnectionTable } {
  const share = ConnectionTable.share(16);
  const a = new ConnectionTable(share, 0);
  a.open(FD, 0xf000_0000, "::1");
  return { a, b: new ConnectionTable(share, 1) };
}

type Step = (tables: { a: ConnectionTable; b: ConnectionTable }) => unknown;

/** What both threads do with the connection, which the first has, and what comes of each step. */
const WAYS: readonly [name: string, steps: readonly [Step, unknown][]][] = [
  ["parked, it goes to whoever is told of an event first", [
    [({ a }) => a.park(FD), 0],
    [({ b }) => b.offer(FD, 1), Offer.Claimed],
    [({ a }) => a.offer(FD, 2), Offer.Left],
    [({ b }) => b.offer(FD, 1), Offer.Own],
  ]],
  ["an event that comes while it is held is found when it is parked, once", [
    [({ b }) => b.offer(FD, 1), Offer.Left],
    [({ b }) => b.offer(FD, 2), Offer.Left],
    [({ a }) => a.park(FD), 3],
    [({ b }) => b.claim(FD), false],
    [({ a }) => a.park(FD), 0],
    [({ b }) => b.claim(FD), true],
  ]],
  ["a deadline and an event: one of them claims it, the other one is left", [
    [({ a }) => a.park(FD), 0],
    [({ b }) => b.claim(FD), true],
    [({ a }) => a.offer(FD, 1), Offer.Left],
    [({ b }) => b.park(FD), 1],
  ]],
  ["left, it is parked though an event has come", [
    [({ b }) => b.offer(FD, 1), Offer.Left],
    [({ a }) => a.leave(FD), undefined],
    [({ b }) => b.claim(FD), true],
  ]],
  ["closed, nobody gets it", [
    [({ a }) => a.close(FD), undefined],
    [({ b }) => b.offer(FD, 1), Offer.Left],
    [({ b }) => b.claim(FD), false],
    [({ b }) => b.isOpen(FD), false],
    [({ a }) => a.inherit(FD, 1), false],
  ]],
  ["of a thread that is gone, another one inherits it, with the events on it", [
    [({ b }) => b.inherit(FD, 5), false],
    [({ b }) => b.offer(FD, 1), Offer.Left],
    [({ b }) => b.inherit(FD, 0), true],
    [({ b }) => b.offer(FD, 1), Offer.Own],
    [({ b }) => b.park(FD), 0],
  ]],
];

for (const [name, steps] of WAYS) {
  Deno.test(`ConnectionTable: ${name}`, () => {
    const tables = opened();
    steps.forEach(([step, expected], i) => assert.equal(step(tables), expected, `step ${i}`));
  });
}

Deno.test("ConnectionTable keeps block, peer and generation of a connection", () => {
  const { a, b } = opened();
  assert.equal(b.conn(FD), 0xf000_0000);
  assert.equal(b.peer(FD), "::1");
  assert.equal(b.highest, FD);
  assert.equal(b.deadlines[FD], NEVER);
  const before = b.generation(FD);
  a.deadlines[FD] = 5;
  a.close(FD);
  assert.equal(b.deadlines[FD], NEVER);
  b.open(FD, 4096, "x".repeat(100));
  assert.notEqual(a.generation(FD), before);
  assert.equal(a.peer(FD), "x".repeat(63));
  a.open(3, 4096, "");
  assert.equal(b.highest, FD);
});

Deno.test("ConnectionTable: three threads lose no event, and never have a connection together", async () => {
  const share = ConnectionTable.share(16);
  const table = new ConnectionTable(share, 9);
  table.open(FD, 4096, "");
  table.leave(FD);
  const words = new Int32Array(new SharedArrayBuffer(16));
  await Promise.all([0, 1, 2].map((index) =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL("./claiming_worker.ts", import.meta.url), {
        type: "module",
      });
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = () => {
        worker.terminate();
        resolve();
      };
      worker.postMessage({ share, index, fd: FD, rounds: 50_000, words } satisfies Claiming);
    })
  ));
  const [events, dealtWith, holders, faults] = words;
  assert.deepEqual([events, dealtWith, holders, faults], [150_000, 150_000, 0, 0]);
});
