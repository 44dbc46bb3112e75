/** Traces of connections over a stream that is the test's. */
import assert from "node:assert/strict";
import { Core } from "../../../../core/mod.ts";
import { EchoService } from "../../../../servers/echo/echo_service.ts";
import { Acceptor } from "../../../../servers/net/acceptor.ts";
import type { Connection } from "../../../../servers/net/connection.ts";
import { ConnectionLimit } from "../../../../servers/net/connection_limit.ts";
import { zeroCounters } from "../../../../servers/net/counters.ts";
import type { Engine } from "../../../../servers/net/engine.ts";
import { StreamDriver } from "../../../../servers/net/engines/deno/stream_driver.ts";
import { TimerWheel } from "../../../../servers/net/timer_wheel.ts";
import type { ConnectionTrace } from "../../../../servers/net/trace/step.ts";
import { Tracer } from "../../../../servers/net/trace/tracer.ts";
import { FakeStream } from "../../../support/scripted_stream.ts";
import { until } from "../../../support/until.ts";

/** An engine without sockets. */
const ENGINE: Engine = {
  address: "nowhere",
  port: 0,
  done: Promise.resolve(),
  start() {},
  wake() {},
  stop() {},
};

function start({ isTraced = true, idleMs = 0 } = {}) {
  const core = Core.create({ blocks: 32 });
  const service = new EchoService(core, { bufferBytes: 4 });
  const wheel = new TimerWheel(2, () => {});
  const traces: ConnectionTrace[] = [];
  const tracer = isTraced
    ? new Tracer({ core, service }, (trace) => traces.push(trace))
    : undefined;
  const timeouts = { idleMs, headMs: 0, contentMs: 0, writeMs: 0, lingerMs: 0 };
  const acceptor = new Acceptor(
    { core, service, wheel, timeouts, counters: zeroCounters(), writes: 1 },
    ENGINE,
    {
      limit: ConnectionLimit.alone(32),
      onInternalError: (error) => assert.fail(`${error}`),
      tracer,
    },
  );
  const serve = () => {
    const stream = new FakeStream();
    return { stream, connection: StreamDriver.serve(acceptor, { stream, peer: "" })! };
  };
  return { serve, traces, tracer };
}

const shown = ({ steps }: ConnectionTrace) =>
  steps.map(({ kind, name, value }) => `${kind} ${name}${value === undefined ? "" : ` ${value}`}`);

Deno.test("a connection that is not traced has the methods of its class", () => {
  const { serve } = start({ isTraced: false });
  const { stream, connection } = serve();
  for (const name of ["start", "received", "sent", "end", "onTimeout"] as const) {
    assert.ok(!Object.hasOwn(connection, name), name);
  }
  stream.push(null);
});

Deno.test("Tracer writes a trace when its connection has ended", async () => {
  const { serve, traces } = start();
  const { stream } = serve();
  stream.mostPerWrite = 3;
  stream.push("hello", null);
  await until(() => traces.length === 1, "a trace");
  assert.equal(stream.text, "hello");
  assert.deepEqual(shown(traces[0]), [
    "event start",
    "want Receive",
    "event received 5",
    "want Send 4",
    "event sent 3",
    "want Send 1",
    "event sent 1",
    "want Send 1",
    "event sent 1",
    "want Receive",
    "event received 0",
    "want Close",
    "event end",
  ]);
});

Deno.test("Tracer tells a timeout, and what the connection wants then", async () => {
  const { serve, traces } = start({ idleMs: 5 });
  serve();
  await until(() => traces.length === 1, "a trace");
  // A machine that has too much to do gives it the same time again.
  const steps = shown(traces[0]).join().replaceAll("event onTimeout,want Await,", "").split(",");
  assert.deepEqual(steps, [
    "event start",
    "want Receive",
    "event onTimeout",
    "want Close",
    // The read that was under way has ended by it.
    "event failed",
    "want Close",
    "event end",
  ]);
});

Deno.test("Tracer begins with what has brought the connection, and leaves out other sockets", async () => {
  const { serve, traces, tracer } = start();
  const call = { kind: "call", startMs: 0 } as const;
  const endMs = performance.now();
  tracer!.called({ ...call, name: "wait", endMs });
  tracer!.called({ ...call, name: "other", fd: 7, endMs });
  const { stream } = serve();
  tracer!.called({ ...call, name: "wait", endMs: endMs + 1 });
  stream.push(null);
  await until(() => traces.length === 1, "a trace");
  const [first, ...rest] = traces[0].steps;
  // What was waited before there was a connection is not its time.
  assert.deepEqual(first, { atUs: 0, kind: "call", name: "wait", tookUs: 0 });
  assert.deepEqual(rest.filter(({ kind }) => kind === "call").map(({ name }) => name), ["wait"]);
});

Deno.test("Tracer bounds connections and steps", async () => {
  const { serve, traces, tracer } = start();
  const all = Array.from({ length: 10 }, serve);
  const isTraced = (connection: Connection) => Object.hasOwn(connection, "received");
  assert.equal(all.filter(({ connection }) => isTraced(connection)).length, 8);
  for (let i = 0; i < 3000; ++i) {
    tracer!.called({ kind: "call", name: "wait", startMs: 0, endMs: performance.now() });
  }
  for (const { stream } of all) stream.push(null);
  await until(() => traces.length === 8, "the traces");
  assert.deepEqual(
    traces.map(({ steps, isCut }) => [steps.length, isCut]),
    Array(8).fill([2000, true]),
  );
});
