/** `--engine` of the load clients: what `auto` comes to, and what is refused. */
import assert from "node:assert/strict";
import { clientEngineFor } from "../../cli/shared/client_engine.ts";
import { engineSupport } from "../../system/linux/engines.ts";
import { run } from "../support/launch.ts";

const notLinux = Deno.build.os !== "linux";

Deno.test("clientEngineFor() takes the fastest engine that system and target allow", async () => {
  const fastest = (["io_uring", "epoll"] as const).find((name) => engineSupport(name).isAvailable);
  assert.equal(await clientEngineFor("auto"), fastest ?? "deno");
  assert.equal(await clientEngineFor("auto", "it speaks no TLS"), "deno");
  assert.equal(await clientEngineFor("deno", "it speaks no TLS"), "deno");
});

Deno.test("clientEngineFor() refuses an engine that does not reach the target", async () => {
  for (const engine of ["epoll", "io_uring"] as const) {
    await assert.rejects(clientEngineFor(engine, "it speaks no TLS"), {
      name: "UsageError",
      message: `option '--engine ${engine}': it speaks no TLS; use --engine auto`,
    });
  }
});

const HTTPS = ["htstress", "-n", "1", "--engine", "epoll", "https://localhost:9/"];

Deno.test("an engine that cannot be had is a usage error that says why", async () => {
  for (
    const [args, why] of [
      [HTTPS, "option '--engine epoll': it speaks no TLS; use --engine auto"],
      [["htstress", "--engine", "poll", "localhost"], "option '--engine <name>' argument 'poll'"],
      [["bench", "--engine", "poll"], "option '--engine <name>' argument 'poll'"],
    ] as const
  ) {
    const { code, out, err } = await run(args);
    assert.deepEqual([code, out], [2, ""]);
    assert.ok(err.includes(why), err);
    assert.doesNotMatch(err, /^ {4}at /m);
  }
});

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** Runs ktcp without the permission for FFI. */
async function withoutFfi(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-all", "--deny-ffi", MAIN, ...args],
  }).output();
  return {
    code,
    out: new TextDecoder().decode(stdout),
    err: new TextDecoder().decode(stderr),
  };
}

Deno.test("without the permission for FFI auto is deno, and other engines are refused", {
  ignore: notLinux,
}, async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("hi"),
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const auto = await withoutFfi("htstress", "--json", "-n", "5", url);
  assert.equal(auto.code, 0, auto.err);
  assert.equal(JSON.parse(auto.out).engine, "deno");
  for (const engine of ["epoll", "io_uring"]) {
    const { code, out, err } = await withoutFfi("htstress", "-n", "5", "--engine", engine, url);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(
      err,
      new RegExp(`option '--engine ${engine}': .*FFI is not permitted.*; use --engine auto`),
    );
  }
});
