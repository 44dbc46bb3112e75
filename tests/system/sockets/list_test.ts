import assert from "node:assert/strict";
import { SystemError } from "../../../system/linux/libc.ts";
import { listSockets } from "../../../system/sockets/list.ts";
import { SockDiag } from "../../../system/sockets/sock_diag.ts";
import { STATES } from "../../../system/sockets/state.ts";
import { Loopback, LOOPBACK_HOSTS, testUnless, whyNoSockDiag } from "./connections.ts";
import { FakeKernel } from "./fake_kernel.ts";
import { until } from "../../support/until.ts";

const EPROTONOSUPPORT = 93;
const ENOENT = 2;
const noProc = Deno.build.os === "linux" ? undefined : "not Linux";

/** A kernel without CONFIG_NETLINK_DIAG. */
function openNothing(): SockDiag {
  throw new SystemError("socket", EPROTONOSUPPORT);
}

testUnless(noProc, "listSockets() falls back to /proc/net/tcp and says why", async () => {
  for (const hostname of LOOPBACK_HOSTS) {
    using loopback = new Loopback(hostname);
    await loopback.connect();
    const { sockets, fallbackReason } = listSockets({
      states: new Set(STATES),
      ports: new Set([loopback.port]),
    }, { open: openNothing });
    assert.equal(fallbackReason, "socket: EPROTONOSUPPORT");
    assert.deepEqual(
      sockets.map(({ state }) => state).sort(),
      ["established", "established", "listening"],
    );
    const listener = sockets.find(({ state }) => state === "listening")!;
    assert.deepEqual([listener.localAddress, listener.sendQ], [hostname, null]);
  }
});

testUnless(noProc, "listSockets() falls back when sock_diag knows no TCP", () => {
  const { fallbackReason } = listSockets({ states: new Set(STATES), ports: new Set() }, {
    open: () => new SockDiag(new FakeKernel({ dump: () => ENOENT })),
  });
  assert.equal(fallbackReason, "SOCK_DIAG_BY_FAMILY: ENOENT");
});

testUnless(noProc, "listSockets() does not hide a bug behind the fallback", () => {
  const open = () => {
    throw new TypeError("a bug");
  };
  assert.throws(() => listSockets({ states: new Set(), ports: new Set() }, { open }), TypeError);
});

testUnless(
  noProc ?? whyNoSockDiag(),
  "listSockets() reads the same from both sources",
  async () => {
    using loopback = new Loopback();
    await loopback.connect();
    for (let i = 0; i < 5; i++) await loopback.exchange();
    const filter = { states: new Set(STATES), ports: new Set([loopback.port]) };
    await until(() => listSockets(filter).sockets.length === 3 + 5);
    const sorted = (options?: { open: () => SockDiag }) =>
      listSockets(filter, options).sockets
        .map(({ localAddress, localPort, remoteAddress, remotePort, state, uid, inode, recvQ }) =>
          [localAddress, localPort, remoteAddress, remotePort, state, uid, inode, recvQ].join(" ")
        ).sort();
    assert.deepEqual(sorted(), sorted({ open: openNothing }));
  },
);
