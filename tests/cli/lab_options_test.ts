/** The options of servers that are for experiments: what they take, and what they refuse. */
import assert from "node:assert/strict";
import { parseWqFlags } from "../../cli/shared/wq_flags.ts";
import {
  WQ_CPU_INTENSIVE,
  WQ_FREEZABLE,
  WQ_HIGHPRI,
  WQ_MEM_RECLAIM,
  WQ_UNBOUND,
} from "../../servers/workqueue/mod.ts";
import { launchServer } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

const FLAGS_HINT = "write 0 (a bound queue), or some of " +
  "unbound,freezable,mem_reclaim,highpri,cpu_intensive.";

const ERRORS: Readonly<Record<string, string>> = {
  "--work 0": "Write a time from 1us to 10s, like 500us or 2ms.",
  "--work 0.5us": "Write a time from 1us to 10s, like 500us or 2ms.",
  "--work 11s": "Write a time from 1us to 10s, like 500us or 2ms.",
  "--work much": "Not a duration; write it like 500ms, 5s, 2m or 0.",
  "--work-kind block": "option '--work-kind block' is for --work; add --work 500us, say",
  "--work 1ms --work-kind sleep": "'sleep' is invalid; choices: compute, block",
  "--writes 0": "Not a whole number from 1 to 10000.",
  "--writes 10001": "Not a whole number from 1 to 10000.",
  "--nagle --nodelay": "option '--nodelay' cannot be used with option '--nagle'",
  "--nagle --unix /nowhere": "option '--nagle' cannot be used with option '--unix <path>'",
  "--nodelay --unix /nowhere": "option '--nodelay' cannot be used with option '--unix <path>'",
  "--cork --unix /nowhere --engine epoll":
    "option '--cork' cannot be used with option '--unix <path>'",
  "--cork": "option '--cork': the engine deno cannot set TCP_CORK; use --engine epoll, or " +
    "another engine that makes system calls",
  "--model shared-pool --wq-flags high": "'high' is no flag; did you mean 'highpri'?",
  "--model shared-pool --wq-flags unbound,": `'' is no flag; ${FLAGS_HINT}`,
  "--model shared-pool --wq-flags toString": `'toString' is no flag; ${FLAGS_HINT}`,
  "--model shared-pool --engine epoll --wq-flags highpri":
    "option '--wq-flags': with --engine epoll a socket that is ready goes to any Worker, so the " +
    "queue is unbound; use --engine deno for a bound one",
  "--wq-flags 0":
    "option '--wq-flags' is for --model shared-pool and per-connection, not for 'per-core'",
  "--model single --wq-flags unbound":
    "option '--wq-flags' is for --model shared-pool and per-connection, not for 'single'",
};

for (const [args, expected] of Object.entries(ERRORS)) {
  Deno.test(`ktcp echo and http refuse '${args}' with a hint, and exit 2`, async () => {
    for (const command of ["echo", "http"]) {
      const { code, out, err } = await runMain([command, ...args.split(" ")]);
      assert.deepEqual([code, out], [2, ""]);
      assert.ok(err.includes(expected), err);
      assert.match(err, new RegExp(`^ktcp ${command}: .*\nTry 'ktcp ${command} --help'\\.\n$`));
    }
  });
}

Deno.test("parseWqFlags() combines flags; 0 is none", () => {
  assert.equal(parseWqFlags("0"), 0);
  assert.equal(parseWqFlags("unbound"), WQ_UNBOUND);
  assert.equal(parseWqFlags("highpri,highpri"), WQ_HIGHPRI);
  assert.equal(
    parseWqFlags("unbound,freezable,mem_reclaim,highpri,cpu_intensive"),
    WQ_UNBOUND | WQ_FREEZABLE | WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_CPU_INTENSIVE,
  );
});

Deno.test("ktcp http --wq-flags says which flags change nothing, and serves", async () => {
  await using server = await launchServer([
    ...["http", "--model", "shared-pool", "--stats"],
    ...["--wq-flags", "unbound,cpu_intensive,freezable,mem_reclaim"],
  ]);
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.match(await response.text(), /^Hello World!/);
  const { code, err } = await server.process.stop();
  assert.equal(code, 0, err);
  assert.match(err, /^cpu_intensive changes nothing for an unbound queue, here as in the kernel$/m);
  assert.match(err, /^freezable changes nothing: a server never freezes its queue$/m);
  assert.match(err, /^kworker\/R-ktcp_shared_pool /m);
});

Deno.test("ktcp echo --work --writes: each piece costs the time, and comes whole", async () => {
  await using server = await launchServer([
    ...["echo", "--buffer", "20", "--work", "50ms", "--work-kind", "block", "--writes", "3"],
    ...["--model", "single"],
  ]);
  using conn = await Deno.connect({ port: server.port });
  const startMs = performance.now();
  await conn.write(new TextEncoder().encode("x".repeat(31)));
  let received = 0;
  while (received < 31) received += (await conn.read(new Uint8Array(31)))!;
  assert.ok(performance.now() - startMs >= 99, "two pieces");
  const { code, err } = await server.process.stop();
  assert.equal(code, 0, err);
  assert.match(
    err,
    /^ktcp echo: 1 connections, 2 pieces, 31 bytes in, 31 bytes out, .* 0 errors$/m,
  );
});
