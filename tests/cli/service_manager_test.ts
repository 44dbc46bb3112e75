/** What a service manager is told at NOTIFY_SOCKET: sd_notify(3). */
import assert from "node:assert/strict";
import { monotonicUs } from "../../system/linux/notify_socket.ts";
import { launchServer } from "../support/launch.ts";
import { NotifyReceiver } from "../support/notify_receiver.ts";
import { withTree } from "../servers/files/tree.ts";

const ignore = Deno.build.os !== "linux";

for (const kind of ["a path", "an abstract name"]) {
  Deno.test({
    name: `a manager at ${kind} is told of a server's life`,
    ignore,
    fn: () =>
      withTree({ log: "" }, async (folder) => {
        const path = kind === "a path" ? `${folder}/notify` : `@ktcp-test-${Deno.pid}`;
        using manager = new NotifyReceiver(path);
        const args = ["http", "--model", "single", "--log-file", `${folder}/log`];
        const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000", WATCHDOG_PID: "1" };
        await using server = await launchServer([...args, "--grace", "7s"], { env });
        const ready = await manager.untilTold("READY");
        assert.deepEqual(manager.messages[ready], {
          READY: "1",
          STATUS: `Listening on ${server.address} (http, single, deno)`,
        });
        const before = monotonicUs();
        server.process.signal("SIGHUP");
        const reloading = await manager.untilTold("RELOADING");
        const again = await manager.untilTold("READY", reloading);
        const us = BigInt(manager.messages[reloading].MONOTONIC_USEC);
        assert.ok(before <= us && us <= monotonicUs(), `${before} ${us}`);
        assert.deepEqual(manager.messages[again], manager.messages[ready]);
        const { code, err } = await server.process.stop("SIGTERM");
        assert.equal(code, 0, err);
        assert.match(err, /log file read again/);
        const stopping = await manager.untilTold("STOPPING");
        assert.deepEqual(manager.messages[stopping], {
          STOPPING: "1",
          STATUS: "Draining, for up to 7 s",
          EXTEND_TIMEOUT_USEC: "10000000",
        });
        // The watchdog is another process's.
        assert.ok(manager.messages.every((message) => !("WATCHDOG" in message)));
      }),
  });
}

// The Worker that computes answers nobody, and so is not said to live.
for (const engine of ["deno", "epoll"]) {
  Deno.test({
    name: `the watchdog is told as long as the threads of a server answer, ${engine}`,
    ignore,
    fn: () =>
      withTree({}, async (folder) => {
        using manager = new NotifyReceiver(`${folder}/notify`);
        const args = ["--model", "per-core", "--workers", "1", "--work", "400ms"];
        const env = { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "40000" };
        await using server = await launchServer(["echo", ...args, "--engine", engine], { env });
        const first = await manager.untilTold("WATCHDOG");
        await manager.untilTold("WATCHDOG", first + 1);
        using conn = await Deno.connect({ port: server.port });
        manager.receive();
        const before = manager.messages.length;
        const startMs = performance.now();
        await conn.write(new Uint8Array(1));
        await conn.read(new Uint8Array(1));
        const tookMs = performance.now() - startMs;
        manager.receive();
        const told = manager.messages.length - before;
        // One of before the byte came, one of behind the answer; 20 if the Worker were not asked.
        assert.ok(tookMs >= 350 && told <= 6, `${told} messages in ${tookMs} ms`);
        await manager.untilTold("WATCHDOG", before + told);
        assert.equal((await server.process.stop("SIGTERM")).code, 0);
      }),
  });
}

Deno.test({
  name: "a manager's SIGHUP does not end a server that has nothing to read again",
  ignore,
  fn: () =>
    withTree({}, async (folder) => {
      using manager = new NotifyReceiver(`${folder}/notify`);
      const env = { NOTIFY_SOCKET: manager.path };
      await using server = await launchServer(["echo", "--model", "single"], { env });
      server.process.signal("SIGHUP");
      await manager.untilTold("READY", 1 + await manager.untilTold("RELOADING"));
      const { code, err } = await server.process.stop("SIGTERM");
      assert.equal(code, 0);
      assert.match(err, /ktcp echo: SIGHUP: nothing to read again/);
    }),
});

Deno.test({
  name: "a server goes on without a manager that cannot be told",
  ignore,
  fn: async () => {
    const env = { NOTIFY_SOCKET: "/nowhere/at/all" };
    await using server = await launchServer(["echo", "--model", "single"], { env });
    const { code, err } = await server.process.stop("SIGTERM");
    assert.equal(code, 0);
    assert.match(err, /cannot tell the service manager at NOTIFY_SOCKET: connect\(.*ENOENT/);
  },
});
