/** Which running server belongs to which column of the set-up. */
import assert from "node:assert/strict";
import { adopt, isSameServer } from "../../../play/page/control.ts";
import { DEFAULT_SERVER } from "../../../play/defaults.ts";
import type { ServerSetup, ServerView } from "../../../play/protocol.ts";

const OTHER: ServerSetup = { ...DEFAULT_SERVER, service: "http" };

function view(id: string, setup: ServerSetup, state: ServerView["state"] = "running"): ServerView {
  return { id, state, setup, sample: null, process: null, sockets: null };
}

Deno.test("isSameServer(): compares all that is asked for, in any order", () => {
  const turned = Object.fromEntries(Object.entries(DEFAULT_SERVER).reverse());
  assert.ok(isSameServer(DEFAULT_SERVER, turned as unknown as ServerSetup));
  assert.ok(!isSameServer(DEFAULT_SERVER, { ...DEFAULT_SERVER, writes: 2 }));
});

const CASES: readonly [string, (string | null)[], ServerView[], (string | null)[]][] = [
  ["nothing runs", [], [], [null, null]],
  ["one runs", [], [view("x", OTHER)], [null, "x"]],
  ["two alike run", [], [view("x", OTHER), view("y", OTHER)], [null, "x"]],
  ["one has ended", [], [view("x", OTHER, "ended")], [null, null]],
  ["a column has one already", [null, "y"], [view("x", OTHER), view("y", OTHER)], [null, "y"]],
  ["another set-up runs", [], [view("x", { ...OTHER, backlog: 1 })], [null, null]],
];

for (const [name, taken, servers, expected] of CASES) {
  Deno.test(`adopt(): ${name}`, () => {
    assert.deepEqual(adopt([DEFAULT_SERVER, OTHER], taken, servers), expected);
  });
}
