/** The sockets of ports, over real ones: queues of listeners, counts by state, and their cost. */
import assert from "node:assert/strict";
import { LibcError } from "../../../system/linux/libc.ts";
import { close, listenTcp, setDeferAccept } from "../../../system/linux/socket.ts";
import { PortWatch } from "../../../system/sockets/port_watch.ts";
import { SockDiag } from "../../../system/sockets/sock_diag.ts";
import { until } from "../../support/until.ts";
import { Loopback, testUnless, whyNoSockDiag } from "./connections.ts";

const noSockDiag = whyNoSockDiag();
const noProc = Deno.build.os === "linux" ? undefined : "not Linux";

const withoutDiag = {
  open: (): SockDiag => {
    throw new LibcError("no sock_diag");
  },
};

for (
  const [source, why, options] of [
    ["sock_diag", noSockDiag, {}],
    ["/proc/net/tcp", noProc, withoutDiag],
  ] as const
) {
  testUnless(why, `PortWatch (${source}): counts both ends of each port by state`, async () => {
    using first = new Loopback();
    using second = new Loopback();
    await first.connect();
    const { client } = await first.connect();
    await second.connect();
    using watch = new PortWatch({ ...options, share: Infinity });
    assert.equal(watch.read([]).size, 0);
    const statesOf = (port: number) => watch.read([first.port, second.port]).get(port)!.states;
    assert.deepEqual(statesOf(first.port), { established: 4, listening: 1 });
    assert.deepEqual(statesOf(second.port), { established: 2, listening: 1 });
    await client.closeWrite();
    await until(() => statesOf(first.port)["fin-wait-2"] === 1);
    assert.deepEqual(statesOf(first.port), {
      "established": 2,
      "fin-wait-2": 1,
      "close-wait": 1,
      "listening": 1,
    });
    for (let i = 0; i < 3; i++) await second.exchange();
    await until(() => statesOf(second.port)["time-wait"] === 3);
    const { countedAtMs } = watch.read([first.port]).get(first.port)!;
    assert.ok(Math.abs(performance.timeOrigin + performance.now() - countedAtMs) < 1000);
  });
}

testUnless(noSockDiag, "PortWatch: the accept queues of all listeners of a port", async () => {
  const listen = (port: number) =>
    Deno.listen({ hostname: "127.0.0.1", port, tcpBacklog: 5, reusePort: true });
  using first = listen(0);
  const { port } = first.addr;
  using _second = listen(port);
  using watch = new PortWatch();
  const queue = () => watch.read([port]).get(port)!.acceptQueue;
  assert.deepEqual(queue(), { length: 0, limit: 10 });
  const waiting = await Promise.all(
    Array.from({ length: 4 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  try {
    await until(() => queue()?.length === 4);
  } finally {
    waiting.forEach((conn) => conn.close());
  }
});

testUnless(noSockDiag, "PortWatch: handshakes that wait for their end", async () => {
  const { fd, port } = listenTcp({ hostname: "127.0.0.1", port: 0 });
  try {
    // The handshake ends with the first byte.
    setDeferAccept(fd, 5);
    using watch = new PortWatch({ share: Infinity });
    const view = () => watch.read([port]).get(port)!;
    const clients = await Promise.all(
      Array.from({ length: 3 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
    );
    try {
      await until(() => view().synQueue === 3);
      assert.deepEqual(view().states, { "established": 3, "syn-recv": 3, "listening": 1 });
      await clients[0].write(new Uint8Array(1));
      await until(() => view().synQueue === 2 && view().acceptQueue?.length === 1);
    } finally {
      clients.forEach((conn) => conn.close());
    }
  } finally {
    close(fd);
  }
});

testUnless(noProc, "PortWatch: without sock_diag the limit of an accept queue is unknown", () => {
  using loopback = new Loopback();
  using watch = new PortWatch(withoutDiag);
  const { acceptQueue, states } = watch.read([loopback.port]).get(loopback.port)!;
  assert.deepEqual([acceptQueue, states], [null, { listening: 1 }]);
});

testUnless(noSockDiag, "PortWatch: a port without sockets", () => {
  let port: number;
  {
    using loopback = new Loopback();
    port = loopback.port;
  }
  using watch = new PortWatch();
  const { acceptQueue, synQueue, states } = watch.read([port]).get(port)!;
  assert.deepEqual([acceptQueue, synQueue, states], [null, 0, {}]);
});

testUnless(noSockDiag, "PortWatch: counts as often as its share of the time allows", async () => {
  let nowMs = 0;
  let cpuMs = 0;
  let dumps = 0;
  class SlowDiag extends SockDiag {
    override visit(...args: Parameters<SockDiag["visit"]>): void {
      // Listeners cost nothing.
      if (!args[0].states.has("listening")) {
        dumps++;
        cpuMs += 10;
        // It had to wait for a CPU, too, which is nobody's cost.
        nowMs += 90;
      }
      super.visit(...args);
    }
  }
  using loopback = new Loopback();
  using other = new Loopback();
  const [now, cpu] = [() => nowMs, () => cpuMs];
  using watch = new PortWatch({ share: 0.05, open: () => new SlowDiag(), now, cpu });
  const established = () => watch.read([loopback.port]).get(loopback.port)!.states.established;
  assert.deepEqual([established(), dumps], [undefined, 1]);
  await loopback.connect();
  nowMs = 199;
  assert.deepEqual([established(), dumps], [undefined, 1], "10 ms are 5 % of 200 ms");
  nowMs = 200;
  assert.deepEqual([established(), dumps], [2, 2]);
  watch.read([loopback.port, other.port]);
  assert.equal(dumps, 3, "a new port is counted at once");
});
