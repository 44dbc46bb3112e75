/** A server gives up the permission for FFI when it has started, and goes on making system calls. */
import assert from "node:assert/strict";
import { notLinux } from "./sockets.ts";

const PROGRAM = `
import { libc } from "./system/linux/libc.ts";
import { EpollPoller } from "./system/linux/pollers/epoll.ts";
import { PollPoller } from "./system/linux/pollers/poll.ts";
import { SelectPoller } from "./system/linux/pollers/select.ts";
import { createEventFd } from "./system/linux/eventfd.ts";
import { MemoryPointers } from "./system/linux/memory.ts";
import * as socket from "./system/linux/socket.ts";

libc();
Deno.permissions.revokeSync({ name: "ffi" });

const pointers = new MemoryPointers(new Uint8Array(1 << 16));
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
`;

Deno.test("system calls, and why they failed, take no permission once libc is loaded", {
  ignore: notLinux,
}, async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-lock", "--no-check", "--allow-ffi", "-"],
    cwd: new URL("../../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(PROGRAM));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(text(stderr), "");
  const lines = ["select", "poll", "epoll"].map((name) => `${name} 1 10\n-11 127.0.0.1\n`);
  assert.equal(text(stdout), `${lines.join("")}EADDRINUSE\n`);
});
