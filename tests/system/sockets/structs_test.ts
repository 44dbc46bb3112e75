import assert from "node:assert/strict";
import { errnoName } from "../../../system/linux/errno.ts";
import { SystemError } from "../../../system/linux/libc.ts";
import {
  encodeInetDiagRequest,
  InetDiagMessage,
  NetlinkReader,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
} from "../../../system/linux/structs.ts";
import { AF_INET, AF_INET6 } from "../../../system/linux/sockaddr.ts";
import { inetDiagMsg } from "./fake_kernel.ts";

Deno.test("encodeInetDiagRequest() lays out nlmsghdr and inet_diag_req_v2", () => {
  const bytes = encodeInetDiagRequest({
    type: SOCK_DIAG_BY_FAMILY,
    flags: NLM_F_REQUEST | NLM_F_DUMP,
    sequence: 0x01020304,
    family: AF_INET,
    stateMask: 1 << 6,
  });
  const head = [72, 0, 0, 0, 20, 0, 0x01, 0x03, 4, 3, 2, 1, 0, 0, 0, 0, 2, 6, 0, 0, 0x40, 0, 0, 0];
  assert.deepEqual([...bytes], [...head, ...Array(48).fill(0)]);
});

Deno.test("encodeInetDiagRequest() carries a dumped socket's id with its cookie", () => {
  const msg = inetDiagMsg({
    family: AF_INET6,
    state: 6,
    localPort: 0x1234,
    remotePort: 80,
    cookie: 9,
  });
  const socketId = new InetDiagMessage(new DataView(msg.buffer as ArrayBuffer)).copySocketId();
  assert.equal(socketId.length, 48);
  const bytes = encodeInetDiagRequest({
    type: SOCK_DESTROY,
    flags: 0,
    sequence: 1,
    family: AF_INET6,
    stateMask: 0,
    socketId,
  });
  assert.deepEqual(bytes.slice(24), new Uint8Array(msg.slice(4, 52)));
  assert.deepEqual([bytes[24], bytes[25], bytes[64]], [0x12, 0x34, 9]);
});

Deno.test("encodeInetDiagRequest() lets the kernel select ports of either end", () => {
  const request = {
    type: SOCK_DIAG_BY_FAMILY,
    flags: 0,
    sequence: 1,
    family: AF_INET,
    stateMask: 2,
  };
  const bytes = encodeInetDiagRequest({ ...request, ports: [0x1234] });
  assert.equal(bytes[0], bytes.length);
  // Twice a comparison from below and from above; a step to the end between the two ends.
  const program = [
    ...[2, 8, 20, 0, 0, 0, 0x34, 0x12, 3, 8, 12, 0, 0, 0, 0x34, 0x12],
    ...[1, 4, 20, 0],
    ...[4, 8, 20, 0, 0, 0, 0x34, 0x12, 5, 8, 12, 0, 0, 0, 0x34, 0x12],
  ];
  assert.deepEqual([...bytes.slice(72)], [4 + program.length, 0, 1, 0, ...program]);
});

/** What a reader finds in the first `length` of `bytes`. */
function messagesIn(bytes: Uint8Array<ArrayBuffer>, length: number) {
  const reader = new NetlinkReader(bytes);
  reader.begin(length);
  const messages: [type: number, sequence: number, bodyAt: number][] = [];
  while (reader.next()) messages.push([reader.type, reader.sequence, reader.bodyAt]);
  return messages;
}

Deno.test("NetlinkReader goes from message to message, each padded to four bytes", () => {
  const bytes = new Uint8Array([
    ...[18, 0, 0, 0, 20, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0xbb, 0, 0],
    ...[16, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0],
    ...[1, 2, 3],
  ]);
  assert.deepEqual(messagesIn(bytes, bytes.length), [[20, 5, 16], [3, 6, 36]]);
  assert.deepEqual(messagesIn(bytes, 20), [[20, 5, 16]], "what lies behind is of an earlier time");
});

Deno.test("NetlinkReader refuses a length that points outside", () => {
  for (const length of [0, 15, 17, 0xffffffff]) {
    const bytes = new Uint8Array(32);
    new DataView(bytes.buffer).setUint32(0, length, true);
    assert.throws(() => messagesIn(bytes, 16), RangeError, String(length));
  }
});

Deno.test({
  name: "errnoName() and SystemError name what Linux numbers",
  ignore: Deno.build.os !== "linux",
  fn() {
    assert.equal(errnoName(1), "EPERM");
    assert.equal(errnoName(93), "EPROTONOSUPPORT");
    assert.equal(errnoName(4095), "errno 4095");
    const error = new SystemError("SOCK_DESTROY", 95);
    assert.equal(error.message, "SOCK_DESTROY: ENOTSUP");
    assert.equal(error.code, "ENOTSUP");
  },
});
