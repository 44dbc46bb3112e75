import assert from "node:assert/strict";
import { AcceptLoop } from "../../../servers/net/accept_loop.ts";
import { ConnectionLimit } from "../../../servers/net/connection_limit.ts";
import { FakeListener } from "../../support/scripted_stream.ts";
import { timed } from "../../support/attempts.ts";
import { until } from "../../support/until.ts";

function startLoop({ max = 10 } = {}) {
  const listener = new FakeListener();
  const limit = ConnectionLimit.alone(max);
  const peers: string[] = [];
  const loop = new AcceptLoop(listener, limit, {
    serve({ peer }) {
      limit.opened();
      peers.push(peer);
    },
    drop: ({ stream }) => stream.close(),
  });
  return { listener, limit, loop, peers };
}

Deno.test("AcceptLoop: accepts one after the other, until it is stopped", async () => {
  const { listener, loop, peers } = startLoop();
  listener.push(undefined, undefined);
  await until(() => peers.length === 2, "two connections");
  loop.stop();
  loop.stop();
  await loop.done;
  assert.equal(peers.length, 2);
});

Deno.test("AcceptLoop: a client that is gone before it is accepted changes nothing", async () => {
  const { listener, loop, peers } = startLoop();
  listener.push(
    new Deno.errors.ConnectionAborted("gone"),
    new Deno.errors.NotConnected("gone"),
    undefined,
  );
  await until(() => peers.length === 1, "the next connection");
  loop.stop();
  await loop.done;
});

for (const [name, code] of [["EMFILE", 24], ["ENFILE", 23], ["ENOBUFS", 105], ["ENOMEM", 12]]) {
  Deno.test(`AcceptLoop: after ${name} it pauses, without spinning, and goes on`, async () => {
    const { listener, loop, peers } = startLoop();
    const error = new Error(`Cannot accept (os error ${code})`);
    listener.push(error, error, undefined);
    await until(() => peers.length === 1, "the connection behind the errors");
    // Two failures, the connection, and the accept that waits now.
    assert.equal(listener.accepts, 4);
    loop.stop();
    await loop.done;
  });
}

timed("AcceptLoop: a connection that ends lets it try again at once", async () => {
  const { listener, loop, peers } = startLoop();
  listener.push(new Error("Too many open files (os error 24)"), undefined);
  await until(() => listener.accepts === 1, "the failure");
  await Promise.resolve();
  const startMs = performance.now();
  // Only the loop knows when it pauses: it is told until it has heard.
  await until(() => (loop.wake(), peers.length === 1), "the connection");
  const waitedMs = performance.now() - startMs;
  loop.stop();
  await loop.done;
  assert.ok(waitedMs < 90, `${waitedMs} ms: it waited for its timer`);
});

Deno.test("AcceptLoop: at the limit it does not accept, below it does", async () => {
  const { listener, limit, loop, peers } = startLoop({ max: 2 });
  listener.push(undefined, undefined, undefined);
  await until(() => peers.length === 2, "as many as are allowed");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(listener.accepts, 2);
  limit.closed();
  loop.wake();
  await until(() => peers.length === 3, "one more");
  loop.stop();
  await loop.done;
});

Deno.test("AcceptLoop: rejects with an error that does not pass", async () => {
  const { listener, loop } = startLoop();
  listener.push(new Error("Bad file descriptor (os error 9)"));
  await assert.rejects(loop.done, /os error 9/);
});
