import assert from "node:assert/strict";
import { AF_INET, AF_INET6 } from "../../../system/linux/sockaddr.ts";
import { SockDiag } from "../../../system/sockets/sock_diag.ts";
import { localOf, remoteOf } from "../../../system/sockets/socket.ts";
import { type State, STATES } from "../../../system/sockets/state.ts";
import {
  bestOfThreeMs,
  dumpPort,
  Loopback,
  LOOPBACK_HOSTS,
  testUnless,
  whyNoDrop,
  whyNoSockDiag,
} from "./connections.ts";
import { FakeKernel, inetDiagMsg } from "./fake_kernel.ts";
import { until } from "../../support/until.ts";

const noSockDiag = whyNoSockDiag();
const noDrop = await whyNoDrop();
const ALL = { states: new Set(STATES), ports: new Set<number>() };

function filter(states: State[], ...ports: number[]) {
  return { states: new Set(states), ports: new Set(ports) };
}

Deno.test("SockDiag.dump() asks for both families with the mask of the states", () => {
  const kernel = new FakeKernel({ dump: () => [] });
  {
    using diag = new SockDiag(kernel);
    assert.deepEqual(diag.dump(filter(["time-wait"])), []);
  }
  assert.deepEqual(kernel.requests.map(({ family }) => family), [AF_INET, AF_INET6]);
  assert.deepEqual(kernel.requests.map(({ stateMask }) => stateMask), [0x40, 0x40]);
  assert.deepEqual(kernel.requests.map(({ flags }) => flags), [0x301, 0x301]);
  assert.equal(kernel.closed, 1);
});

Deno.test("SockDiag.dump() decodes sockets and filters by port", () => {
  const kernel = new FakeKernel({
    dump: ({ family }) =>
      [80, 81].map((localPort) =>
        inetDiagMsg({ family, state: 1, localPort, remotePort: 4000, cookie: 5 })
      ),
  });
  using diag = new SockDiag(kernel);
  const sockets = diag.dump(filter(["established"], 81));
  const shown = {
    localPort: 81,
    remotePort: 4000,
    state: "established",
    recvQ: 3,
    sendQ: 128,
    uid: 1000,
    inode: 4711,
  };
  assert.deepEqual(sockets.map(({ id: _, ...socket }) => socket), [
    { ...shown, family: "ipv4", localAddress: "127.0.0.1", remoteAddress: "127.0.0.1" },
    { ...shown, family: "ipv6", localAddress: "7f00:1::", remoteAddress: "7f00:1::" },
  ]);
  assert.equal(diag.dump(filter(["established"], 4000)).length, 4);
});

Deno.test("SockDiag.dump() of 100,000 sockets takes under a second", () => {
  const sockets = Array.from({ length: 100_000 }, (_, index) =>
    inetDiagMsg({
      family: AF_INET,
      state: 6,
      localPort: index % 60_000 + 1024,
      remotePort: 80,
      remote: 0x7f000001 + Math.floor(index / 60_000),
    }));
  using diag = new SockDiag(
    new FakeKernel({ dump: ({ family }) => family === AF_INET ? sockets : [] }),
  );
  const dumped = diag.dump(ALL);
  assert.equal(dumped.length, 100_000);
  assert.equal(remoteOf(dumped.at(-1)!), "127.0.0.2:80");
  const elapsedMs = bestOfThreeMs(() => diag.dump(ALL));
  assert.ok(elapsedMs < 1000, `took ${elapsedMs} ms`);
});

Deno.test("SockDiag.dump() takes ENOENT for IPv6 as a kernel without it, and no other error", () => {
  const dump = (errnoOf: Record<number, number>) => {
    using diag = new SockDiag(
      new FakeKernel({
        dump: ({ family }) =>
          errnoOf[family] ?? [inetDiagMsg({ family, state: 1, localPort: 1, remotePort: 2 })],
      }),
    );
    return diag.dump(ALL).length;
  };
  assert.equal(dump({ [AF_INET6]: 2 }), 1);
  assert.throws(() => dump({ [AF_INET]: 2 }), /SOCK_DIAG_BY_FAMILY: ENOENT/);
  assert.throws(() => dump({ [AF_INET6]: 1 }), /SOCK_DIAG_BY_FAMILY: EPERM/);
});

Deno.test("SockDiag.destroy() tells done, gone and refused apart", () => {
  let errno = 0;
  const kernel = new FakeKernel({
    dump: ({ family }) =>
      family === AF_INET
        ? [inetDiagMsg({ family, state: 6, localPort: 1, remotePort: 2, cookie: 77 })]
        : [],
    destroy: () => errno,
  });
  using diag = new SockDiag(kernel);
  const [socket] = diag.dump(ALL);
  assert.equal(diag.destroy(socket), true);
  assert.equal(kernel.requests.at(-1)!.socketId[40], 77, "the cookie went with it");
  for (errno of [2, 116]) assert.equal(diag.destroy(socket), false);
  errno = 1;
  assert.throws(() => diag.destroy(socket), /SOCK_DESTROY: EPERM/);
  errno = 95;
  assert.throws(() => diag.destroy(socket), /SOCK_DESTROY: ENOTSUP/);
});

testUnless(
  noSockDiag,
  "SockDiag.dump() finds both ends of a connection and its listener",
  async () => {
    for (const hostname of LOOPBACK_HOSTS) {
      using loopback = new Loopback(hostname);
      const { client } = await loopback.connect();
      const host = hostname.includes(":") ? `[${hostname}]` : hostname;
      const listener = `${host}:${loopback.port}`;
      const { port } = client.localAddr as Deno.NetAddr;
      assert.deepEqual(
        dumpPort(loopback.port).map((socket) =>
          `${socket.state} ${localOf(socket)} ${remoteOf(socket)}`
        ).sort(),
        [
          `established ${listener} ${host}:${port}`,
          `established ${host}:${port} ${listener}`,
          `listening ${listener} ${host.includes(":") ? "[::]" : "0.0.0.0"}:*`,
        ].sort(),
      );
    }
  },
);

testUnless(noSockDiag, "SockDiag.dump() lets the kernel select several ports", async () => {
  using first = new Loopback();
  using second = new Loopback();
  using third = new Loopback();
  const { client } = await first.connect();
  await second.connect();
  await third.connect();
  const { port } = client.localAddr as Deno.NetAddr;
  using diag = new SockDiag();
  const found = (...ports: number[]) =>
    diag.dump(filter(["established", "listening"], ...ports)).length;
  assert.equal(found(first.port), 3);
  assert.equal(found(port), 2, "a client's port");
  assert.equal(found(second.port, first.port, third.port), 9);
  assert.equal(found(first.port, port), 3, "none twice");
  // So many that they are selected here.
  const others = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.equal(found(first.port, ...others), 3);
});

testUnless(
  noSockDiag,
  "SockDiag.dump() shows bytes that wait, and connections that wait",
  async () => {
    using loopback = new Loopback();
    const { client, server } = await loopback.connect();
    await client.write(new Uint8Array(100));
    const { port } = server.remoteAddr as Deno.NetAddr;
    await until(() =>
      dumpPort(loopback.port, ["established"]).some((socket) =>
        socket.remotePort === port && socket.recvQ === 100
      )
    );
    using _waiting = await Deno.connect({ port: loopback.port });
    await until(() => dumpPort(loopback.port, ["listening"])[0].recvQ === 1);
    assert.ok(dumpPort(loopback.port, ["listening"])[0].sendQ! > 0);
  },
);

testUnless(noSockDiag, "SockDiag closes its descriptor", async () => {
  // In a process of its own: test files that run beside this one open and close descriptors.
  const script = `
    import { SockDiag } from "${new URL("../../../system/sockets/sock_diag.ts", import.meta.url)}";
    const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const dump = () => {
      using diag = new SockDiag();
      diag.dump({ states: new Set(["closing"]), ports: new Set() });
    };
    dump();
    const before = openFiles();
    for (let i = 0; i < 10; i++) dump();
    console.log(openFiles() - before);
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", script] })
    .output();
  assert.equal(new TextDecoder().decode(stdout), "0\n");
});

testUnless(noDrop, "SockDiag.destroy() resets a connection and spares the listener", async () => {
  using loopback = new Loopback();
  const { client } = await loopback.connect();
  const { port } = client.localAddr as Deno.NetAddr;
  const sockets = dumpPort(port, ["established"]);
  assert.equal(sockets.length, 2);
  using diag = new SockDiag();
  const atServer = sockets.find((socket) => socket.localPort === loopback.port)!;
  assert.equal(diag.destroy(atServer), true);
  await assert.rejects(() => client.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assert.equal(diag.destroy(atServer), false, "gone, and the listener is not taken for it");
  assert.deepEqual(dumpPort(loopback.port).map(({ state }) => state), ["listening"]);
  await loopback.connect();
});

testUnless(noDrop, "SockDiag.destroy() forgets TIME-WAIT sockets of both families", async () => {
  for (const hostname of LOOPBACK_HOSTS) {
    using loopback = new Loopback(hostname);
    for (let i = 0; i < 20; i++) await loopback.exchange();
    await until(() => dumpPort(loopback.port, ["time-wait"]).length === 20);
    using diag = new SockDiag();
    for (const socket of dumpPort(loopback.port, ["time-wait"])) {
      assert.equal(diag.destroy(socket), true);
    }
    assert.deepEqual(dumpPort(loopback.port, ["time-wait"]), []);
  }
});
