/** A server gives up the permission for FFI when it has started, and goes on making system calls. */
import assert from "node:assert/strict";
import { runProgram } from "./own_process.ts";
import { notLinux } from "./sockets.ts";

const PROGRAM = `
import { EpollPoller } from "./system/linux/pollers/epoll.ts";
import { PollPoller } from "./system/linux/pollers/poll.ts";
import { SelectPoller } from "./system/linux/pollers/select.ts";
import { createEventFd } from "./system/linux/eventfd.ts";
import { MemoryPointers } from "./system/linux/memory.ts";
import * as socket from "./system/linux/socket.ts";

import { engineSupport } from "./system/linux/engines.ts";
import { libc } from "./system/linux/libc.ts";
import { IoUring } from "./system/linux/io_uring/io_uring.ts";

const memory = new Uint8Array(1 << 16);
// A ring has to be made before.
const ring = engineSupport("io_uring").isAvailable
  ? new IoUring({ entries: 8, completions: 16, memory })
  : undefined;
libc().loadAll();
Deno.permissions.revokeSync({ name: "ffi" });

const pointers = new MemoryPointers(memory);
const listener = socket.listenTcp({ hostname: "127.0.0.1", port: 0 });
const pollers = [
  new SelectPoller(), new PollPoller(), new EpollPoller({ trigger: "level" }),
];
for (const poller of pollers) {
  poller.add(listener.fd, 1);
  const client = socket.connectTcp("127.0.0.1", listener.port);
  const ready = poller.wait(5000);
  const server = socket.accept(listener.fd);
  socket.send(client, pointers.at(5), 10, 0);
  // More than the room that a poller has at first.
  for (let i = 0; i < 200; ++i) poller.add(createEventFd(), 1);
  poller.add(server, 1);
  poller.wait(5000);
  console.log(poller.name, ready, socket.recv(server, pointers.at(777), 100, 0));
  console.log(socket.recv(server, pointers.at(0), 100, 0), socket.peerAddress(server));
}
try {
  socket.listenTcp({ hostname: "127.0.0.1", port: listener.port });
} catch (error) {
  console.log(error.code);
}
if (ring !== undefined) {
  for (let i = 0; i < 20; ++i) ring.nop(0, 0);
  if (ring.enter(16, 5000) < 16) throw new Error("no completions");
  ring.close();
}
`;

Deno.test("system calls, and why they failed, take no permission once libc is loaded", {
  ignore: notLinux,
}, async () => {
  const lines = ["select", "poll", "epoll"].map((name) => `${name} 1 10\n-11 127.0.0.1\n`);
  assert.equal(await runProgram(PROGRAM, ["--allow-ffi"]), `${lines.join("")}EADDRINUSE\n`);
});

Deno.test("linuxEngines() says that FFI is not permitted, without asking for it", {
  ignore: notLinux,
}, async () => {
  const program = `
    import { linuxEngines } from "./system/linux/engines.ts";
    for (const { isAvailable, reason } of linuxEngines()) console.log(isAvailable, reason);
  `;
  const line = "false Cannot load libc: FFI is not permitted (--allow-ffi)\n";
  assert.equal(await runProgram(program, []), line.repeat(4));
});
