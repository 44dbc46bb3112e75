/** No call leaves a descriptor open that it should not: counted in a process of its own. */
import assert from "node:assert/strict";
import { runProgram } from "./own_process.ts";
import { notLinux } from "./sockets.ts";

const PROGRAM = `
import { engineSupport } from "./system/linux/engines.ts";
import { openFile } from "./system/linux/file.ts";
import { IoUring } from "./system/linux/io_uring/io_uring.ts";
import { EpollPoller } from "./system/linux/pollers/epoll.ts";
import {
  accept, close, connectTcp, connectUnix, listenTcp, listenUnix, setResetOnClose,
} from "./system/linux/socket.ts";

const openDescriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;

function check(name, action) {
  const before = openDescriptors();
  action();
  console.log(name, openDescriptors() - before);
}

const fails = (action) => {
  try {
    action();
  } catch {
    return;
  }
  throw new Error("It has not failed");
};

const hostname = "127.0.0.1";
const listener = listenTcp({ hostname, port: 0 });
const { port } = listener;

check("10,000 connections", () => {
  const poller = new EpollPoller({ trigger: "edge" });
  for (let i = 0; i < 10_000; ++i) {
    const client = connectTcp(hostname, port);
    // A reset leaves no TIME-WAIT socket: ports do not run out.
    setResetOnClose(client);
    const server = accept(listener.fd);
    if (server < 0) throw new Error("accept: " + server);
    poller.add(server, 3);
    poller.wait(0);
    poller.remove(server);
    close(server);
    close(client);
  }
  poller.close();
});
check("refused", () => {
  fails(() => listenTcp({ hostname, port }));
  fails(() => listenTcp({ hostname: "192.0.2.1", port: 0 }));
  fails(() => listenUnix("/no/such/directory/socket"));
  fails(() => connectUnix("/no/such/directory/socket"));
  fails(() => openFile("/no/such/file"));
});
check("rings", () => {
  if (!engineSupport("io_uring").isAvailable) return;
  const options = { entries: 8, completions: 16, memory: new Uint8Array(64) };
  for (let i = 0; i < 20; ++i) new IoUring(options).close();
  fails(() => new IoUring({ ...options, directDescriptors: 2 ** 31 }));
  fails(() => new IoUring({ ...options, entries: 2 ** 20 }));
});
`;

Deno.test("no descriptor is left by connections, refused calls and rings", {
  ignore: notLinux,
}, async () => {
  const output = await runProgram(PROGRAM, ["--allow-all"]);
  assert.equal(output, "10,000 connections 0\nrefused 0\nrings 0\n");
});
