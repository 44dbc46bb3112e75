import assert from "node:assert/strict";
import { AF_INET, AF_INET6 } from "../../../system/linux/sockaddr.ts";
import { formatPair, parsePair } from "../../../system/sockets/address.ts";
import { dropSockets, selectByFilter, selectByPairs } from "../../../system/sockets/drop.ts";
import { SockDiag } from "../../../system/sockets/sock_diag.ts";
import { STATES } from "../../../system/sockets/state.ts";
import { FakeKernel, inetDiagMsg } from "./fake_kernel.ts";

const EPERM = 1;
const ENOENT = 2;
const ENOBUFS = 105;
const EOPNOTSUPP = 95;

/** 127.0.0.1:4001…4005 to 127.0.0.1:80, in TIME-WAIT. */
function kernelWithFive(destroy: () => number = () => 0): FakeKernel {
  return new FakeKernel({
    dump: ({ family }) =>
      family === AF_INET
        ? [1, 2, 3, 4, 5].map((n) =>
          inetDiagMsg({ family, state: 6, localPort: 4000 + n, remotePort: 80 })
        )
        : [],
    destroy,
  });
}

function pairs(...lines: string[]) {
  return lines.map((line) => parsePair(line)!);
}

Deno.test("selectByFilter() never selects listening sockets", () => {
  const kernel = kernelWithFive();
  using diag = new SockDiag(kernel);
  const { sockets, missing } = selectByFilter(diag, { states: new Set(STATES), ports: new Set() });
  assert.equal(sockets.length, 5);
  assert.deepEqual(missing, []);
  for (const { stateMask } of kernel.requests) assert.equal(stateMask & 1 << 10, 0);
});

Deno.test("selectByPairs() finds named pairs once, and tells missing and swapped ones", () => {
  using diag = new SockDiag(kernelWithFive());
  const { sockets, missing, swapped } = selectByPairs(
    diag,
    pairs(
      "127.0.0.1:4003 127.0.0.1:80",
      "127.0.0.1:4003 127.0.0.1:80",
      "127.0.0.1:80 127.0.0.1:4001",
      "127.0.0.1:9 127.0.0.1:80",
      "127.0.0.1:4002 127.0.0.2:80",
    ),
  );
  assert.deepEqual(sockets.map(({ localPort }) => localPort), [4003]);
  assert.deepEqual(missing.map(formatPair), [
    "127.0.0.1:80 127.0.0.1:4001",
    "127.0.0.1:9 127.0.0.1:80",
    "127.0.0.1:4002 127.0.0.2:80",
  ]);
  assert.deepEqual(swapped.map(formatPair), ["127.0.0.1:80 127.0.0.1:4001"]);
});

Deno.test("selectByPairs() finds an IPv4 connection of an IPv6 socket by its IPv4 pair", () => {
  const mapped = inetDiagMsg({ family: AF_INET6, state: 1, localPort: 80, remotePort: 4000 });
  const view = new DataView(mapped.buffer);
  for (const offset of [8, 24]) {
    view.setUint32(offset, 0);
    view.setUint32(offset + 8, 0xffff);
    view.setUint32(offset + 12, 0x7f000001);
  }
  using diag = new SockDiag(
    new FakeKernel({ dump: ({ family }) => family === AF_INET6 ? [mapped] : [] }),
  );
  const { sockets } = selectByPairs(diag, pairs("127.0.0.1:80 127.0.0.1:4000"));
  assert.deepEqual(sockets.map(({ localAddress }) => localAddress), ["::ffff:127.0.0.1"]);
});

Deno.test("dropSockets() counts what was dropped, gone and refused", () => {
  const errnos = [0, ENOENT, ENOBUFS, 0, 0];
  using diag = new SockDiag(kernelWithFive(() => errnos.shift()!));
  const { refusal, ...counts } = dropSockets(
    diag,
    diag.dump({ states: new Set(STATES), ports: new Set() }),
  );
  assert.deepEqual(counts, { dropped: 3, gone: 1, refused: 1 });
  assert.equal(refusal!.code, "ENOBUFS");
});

Deno.test("dropSockets() stops asking when the kernel refuses all", () => {
  for (const errno of [EPERM, EOPNOTSUPP]) {
    const errnos = [0, errno];
    const kernel = kernelWithFive(() => errnos.shift()!);
    using diag = new SockDiag(kernel);
    const sockets = diag.dump({ states: new Set(STATES), ports: new Set() });
    const { refusal, ...counts } = dropSockets(diag, sockets);
    assert.deepEqual(counts, { dropped: 1, gone: 0, refused: 4 });
    assert.equal(refusal!.errno, errno);
    assert.deepEqual(errnos, []);
  }
});
