/** Servers that `ktcp check` starts itself, and what the kernel tells of their processes. */
import assert from "node:assert/strict";
import { ProcessTree } from "../../../bench/check/process.ts";
import { ServerSupervisor } from "../../../bench/check/supervisor.ts";
import { freePort } from "../../../system/address.ts";
import { listenerPid } from "../../../system/sockets/listening_processes.ts";

const ECHO_SERVER = new URL("./faulty/echo_server.ts", import.meta.url).pathname;
const SERVER = `'${Deno.execPath()}' run -q -A --no-check ${ECHO_SERVER}`;

function loopback() {
  return { hostname: "127.0.0.1", port: freePort() };
}

Deno.test("ServerSupervisor: says why a server did not start, with what it printed", async () => {
  const table: [command: string, message: RegExp][] = [
    [
      "echo 'no such option' >&2; exit 3",
      /ended \(exit code 3\) before .* it said: no such option/,
    ],
    ["kill -SEGV $$", /ended \(SIGSEGV\) before it served port \d+/],
    ["no-such-program-here", /ended \(exit code 127\).*no-such-program-here/],
  ];
  for (const [command, message] of table) {
    await assert.rejects(ServerSupervisor.start(command, loopback()), { message });
  }
});

Deno.test("ServerSupervisor: does not take another server for its own", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const start = ServerSupervisor.start(SERVER, { hostname: "127.0.0.1", port });
  await assert.rejects(start, { message: /another server listens on port \d+/ });
});

Deno.test("ServerSupervisor: finds the server below its shell, ends it, and starts it again", async () => {
  const address = loopback();
  const command = `cd / && ${SERVER}; true`;
  await using supervisor = await ServerSupervisor.start(command, address);
  const pid = supervisor.process!.pid;
  assert.equal(listenerPid(address), pid);
  assert.equal(supervisor.ended, undefined);
  assert.ok(supervisor.process!.descriptors()! > 2);
  assert.ok(supervisor.process!.memoryBytes()! > 1 << 20);
  assert.equal(supervisor.process!.zombies(), 0);
  const end = await supervisor.terminate(5000);
  assert.equal(end?.how, "exit code 0", "the shell's own end, as it runs 'true' last");
  assert.equal(listenerPid(address), undefined);
  assert.equal(new ProcessTree(pid).isRunning, false);
  await supervisor.restart();
  assert.equal(supervisor.ended, undefined);
  assert.notEqual(supervisor.process!.pid, pid);
});

Deno.test("ServerSupervisor: leaves no process of its group behind", async () => {
  const address = loopback();
  let pid: number;
  {
    await using supervisor = await ServerSupervisor.start(`sleep 60 & ${SERVER}`, address);
    pid = supervisor.process!.pid;
    await supervisor.terminate(5000);
  }
  assert.equal(new ProcessTree(pid).isRunning, false);
  assert.equal(listenerPid(address), undefined);
});

Deno.test("ProcessTree: knows nothing of a process that is not there", () => {
  const tree = new ProcessTree(2 ** 22);
  assert.deepEqual(
    [tree.descriptors(), tree.threads(), tree.memoryBytes(), tree.cpuUs(), tree.zombies()],
    [null, null, null, null, null],
  );
});
