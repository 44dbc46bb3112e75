/** `--engine` and `--trigger`: what is refused, and servers whose loop blocks its thread. */
import assert from "node:assert/strict";
import { type EngineFlags, engineFor } from "../../cli/shared/engine.ts";
import { UsageError } from "../../cli/shared/failure.ts";
import { connect, readFull, readResponse, REQUEST, writeAll } from "../../tools/soak/client.ts";
import { drainDownloads } from "../../tools/soak/scenarios.ts";
import { ServerProcess } from "../../tools/soak/server_process.ts";
import { sleep } from "../../system/wait.ts";
import { noDescriptorLimit, setDescriptorLimit } from "../support/descriptor_limit.ts";
import { launchServer, run } from "../support/launch.ts";
import {
  FEW_SETUPS,
  forEachSetup,
  LINUX_SETUPS,
  POOL_SETUP,
  setupArgs,
} from "../support/setups.ts";

const notLinux = Deno.build.os !== "linux";

const REFUSALS: [flags: EngineFlags, isTls: boolean, expected: RegExp][] = [
  [
    { engine: "epoll" },
    true,
    /^option '--engine epoll': it speaks no TLS; use --engine deno$/,
  ],
  [
    { engine: "io_uring" },
    true,
    /^option '--engine io_uring': it speaks no TLS; use --engine deno$/,
  ],
  [
    { engine: "poll", trigger: "edge" },
    false,
    /^option '--trigger' is for --engine epoll, not for 'poll'$/,
  ],
  [
    { engine: "deno", trigger: "level" },
    false,
    /^option '--trigger' is for --engine epoll, not for 'deno'$/,
  ],
];

Deno.test("engineFor() refuses what an engine cannot do, and says what can", async () => {
  for (const [flags, isTls, expected] of REFUSALS) {
    await assert.rejects(engineFor(flags, { model: "single", isTls }), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, expected);
      return true;
    });
  }
});

const POOL_REFUSALS: [flags: EngineFlags, expected: RegExp][] = [
  [
    { engine: "select" },
    /^option '--engine select': threads of --model shared-pool cannot .*; use --engine epoll$/,
  ],
  [
    { engine: "poll" },
    /^option '--engine poll': threads of --model shared-pool cannot .*; use --engine epoll$/,
  ],
  [
    { engine: "epoll", trigger: "level" },
    /^option '--trigger level': --model shared-pool .*; use --trigger edge$/,
  ],
];

Deno.test("engineFor() refuses what threads of a pool cannot share; for io_uring it takes epoll", {
  ignore: notLinux,
}, async () => {
  const demands = { model: "shared-pool", isTls: false } as const;
  for (const [flags, message] of POOL_REFUSALS) {
    await assert.rejects(engineFor(flags, demands), { name: "UsageError", message });
  }
  for (const engine of ["epoll", "io_uring"] as const) {
    assert.deepEqual(await engineFor({ engine }, demands), { name: "epoll", trigger: "edge" });
  }
});

Deno.test("engineFor() gives the defaults, and the trigger that was asked for", {
  ignore: notLinux,
}, async () => {
  const demands = { model: "single", isTls: false } as const;
  assert.deepEqual(await engineFor({ engine: "deno" }, { ...demands, isTls: true }), {
    name: "deno",
    trigger: "edge",
  });
  for (const trigger of ["level", "edge"] as const) {
    assert.deepEqual(await engineFor({ engine: "epoll", trigger }, demands), {
      name: "epoll",
      trigger,
    });
  }
});

Deno.test("an engine that does not exist, or a trigger: a usage error", async () => {
  for (const args of [["--engine", "kqueue"], ["--engine", "epoll", "--trigger", "both"]]) {
    const { code, out, err } = await run(["echo", "--port", "0", ...args]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^ktcp echo: option '--(engine|trigger) .*'/);
    assert.doesNotMatch(err, /^ {4}at /m);
  }
});

Deno.test("without the permission for FFI an engine is refused in one line", {
  ignore: notLinux,
}, async () => {
  for (const engine of ["select", "io_uring"]) {
    const main = new URL("../../cli/main.ts", import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--allow-all", "--deny-ffi", main],
        ...["echo", "--port", "0", "--engine", engine],
      ],
    }).output();
    const err = new TextDecoder().decode(stderr);
    assert.deepEqual([code, stdout.length], [2, 0], err);
    assert.match(err, new RegExp(`^ktcp echo: option '--engine ${engine}': .*--engine deno\\n`));
    assert.match(err, /FFI/i);
    assert.doesNotMatch(err, /^ {4}at /m);
  }
});

const OTHERS = LINUX_SETUPS.filter(({ label }) => FEW_SETUPS.every((few) => few.label !== label));

forEachSetup(OTHERS, (setup) => {
  // The others have it in stress_test.ts.
  Deno.test(`${setup.label}: downloads in flight survive SIGTERM`, async () => {
    await drainDownloads(setup, { clients: 16 });
  });
});

forEachSetup([...LINUX_SETUPS, POOL_SETUP], (setup) => {
  const { label } = setup;

  Deno.test(`${label}: SIGUSR2 and SIGTERM come while the loop blocks and nothing else happens`, async () => {
    const args = ["echo", "--stats", "--idle-timeout", "0", ...setupArgs(setup)];
    await using server = await launchServer(args);
    using conn = await connect(server.port);
    const back = new Uint8Array(5);
    await writeAll(conn, back);
    await readFull(conn, back);
    // Timers of the connection would let the loop out of the kernel; it has none.
    await sleep(50);
    server.process.signal("SIGUSR2");
    await server.process.untilErr(/^kworker\/[0u]:0 +1 +1 +5 +5 .* \d+ +\d+ +\d+\.\d\d$/m);
    conn.close();
    const { code, err } = await server.process.stop();
    assert.equal(code, 0, err);
    assert.match(
      err,
      /^ktcp echo: 1 connections, 1 pieces, 5 bytes in, 5 bytes out, .* 0 errors$/m,
    );
  });

  Deno.test(
    `${label}: out of descriptors it accepts again when there are some, and does not spin`,
    {
      // io_uring accepts within the limit that there was when it was asked to accept.
      ignore: noDescriptorLimit !== undefined || setup.engine.name === "io_uring",
    },
    async () => {
      const args = ["http", "--port", "0", "--idle-timeout", "0", ...setupArgs(setup)];
      await using server = await ServerProcess.start(args);
      const request = async (conn: Deno.Conn) => {
        await writeAll(conn, REQUEST);
        await readResponse(conn, new Uint8Array(1024));
      };
      using first = await connect(server.port);
      await request(first);
      // None is left, as the runtime alone has more; and poll(2) may watch so many.
      await setDescriptorLimit(server.pid, 8);
      using second = await connect(server.port);
      const answered = request(second);
      await request(first);
      const beforeUs = server.cpuUs;
      assert.equal(await Promise.race([answered, sleep(500).then(() => "waits")]), "waits");
      const usedUs = server.cpuUs - beforeUs;
      assert.ok(usedUs < 150_000, `${usedUs} µs of CPU in 500 ms`);
      await request(first);
      await setDescriptorLimit(server.pid, 1000);
      await answered;
      first.close();
      second.close();
      const { code, notes } = await server.stop();
      assert.equal(code, 0, notes);
      assert.doesNotMatch(notes, /internal error/);
    },
  );
});

Deno.test("select serves as many as its sets hold, and the others when these have gone", {
  ignore: notLinux,
}, async () => {
  const clients = 1300;
  const args = ["echo", "--port", "0", "--model", "single", "--engine", "select"];
  const many = ["--max-connections", "5000", "--backlog", "1024", "--idle-timeout", "0"];
  await using server = await ServerProcess.start([...args, ...many], { openFiles: 4096 });
  const conns = await Promise.all(Array.from({ length: clients }, () => connect(server.port)));
  let served = 0;
  const all = conns.map(async (conn) => {
    const byte = new Uint8Array(1);
    await writeAll(conn, byte);
    await readFull(conn, byte);
    ++served;
    // It makes room for one that waits.
    if (served > 800) conn.close();
    else await sleep(300).then(() => conn.close());
  });
  await Promise.all(all);
  assert.equal(served, clients);
  const { code, notes } = await server.stop();
  assert.equal(code, 0, notes);
  const note =
    /^at most (\d+) connections at once instead of 5000: select watches descriptors below 1024; others wait$/m
      .exec(notes);
  assert.ok(note !== null, notes);
  assert.ok(Number(note[1]) > 800 && Number(note[1]) < 1024, note[1]);
  assert.match(notes, new RegExp(`^ktcp echo: ${clients} connections, .* 0 errors$`, "m"));
});
