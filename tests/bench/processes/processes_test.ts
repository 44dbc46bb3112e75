/** Servers and loads as processes of their own: start, samples, end. */
import assert from "node:assert/strict";
import { type LoadEnd, startLoad } from "../../../bench/processes/load.ts";
import { StartFailure } from "../../../bench/processes/own_process.ts";
import { startServer } from "../../../bench/processes/server.ts";
import { selfCommand } from "../../../cli/shared/self_command.ts";

const self = selfCommand();

/** A program in place of ktcp that runs `script`; ktcp's arguments are `$@`. */
function shell(script: string) {
  return { path: "sh", args: ["-c", script, "ktcp"] };
}

Deno.test("startServer(): a server that serves, and its summary", async () => {
  const server = await startServer("echo", ["--model", "single"], { self });
  try {
    using conn = await Deno.connect({ hostname: server.hostname, port: server.port });
    await conn.write(new Uint8Array([1, 2, 3]));
    const answer = new Uint8Array(8);
    assert.equal(await conn.read(answer), 3);
  } finally {
    const summary = await server.stop();
    assert.deepEqual(summary, { connections: 1, served: 1, bytesIn: 3, bytesOut: 3 });
  }
  assert.equal((await server.ended).code, 0);
});

Deno.test({
  name: "startServer(): samples behind the readiness line",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const samples: unknown[] = [];
    const script = `echo "ktcp echo: listening on 127.0.0.1:7"; echo '{"a":1}'; echo '{"b":'; ` +
      `echo; echo '{"b":2}'; exit 3`;
    const server = await startServer("echo", [], {
      self: shell(script),
      onSample: (sample) => samples.push(sample),
    });
    assert.equal(server.port, 7);
    assert.equal((await server.ended).code, 3);
    assert.deepEqual(samples, [{ a: 1 }, { b: 2 }]);
  },
});

const FAILURES = [
  {
    title: "no such program",
    self: { path: "/nowhere/ktcp", args: [] },
    message: /^Cannot start '\/nowhere\/ktcp' \(.+\); KTCP_EXECUTABLE can name ktcp's program$/,
  },
  {
    title: "what it says",
    self: shell("echo 'ktcp echo: no' >&2; exit 1"),
    message: /^Cannot start 'ktcp echo .*--model single': ktcp echo: no$/,
  },
  {
    title: "it says nothing",
    self: shell("exit 7"),
    message: /^Cannot start 'ktcp echo .*': it ended with exit code 7$/,
  },
];

for (const { title, self, message } of FAILURES) {
  Deno.test({
    name: `startServer(): ${title}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      await assert.rejects(startServer("echo", ["--model", "single"], { self }), (error) => {
        assert.ok(error instanceof StartFailure);
        assert.match(error.message, message);
        return true;
      });
    },
  });
}

Deno.test({
  name: "startLoad(): samples, and the document at the end",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const samples: unknown[] = [];
    const script = `echo '{"startMs":1}'; echo '{"startMs":2}'; echo "$@" >&2; ` +
      `printf '{"command":"bench","ok":3}\\n'`;
    const load = startLoad("bench", ["--port", "7"], {
      self: shell(script),
      sampleMs: 100,
      onSample: (sample) => samples.push(sample),
    });
    const expected: LoadEnd = {
      code: 0,
      result: { command: "bench", ok: 3 },
      lastLine: "bench --json --sample 100 --port 7",
    };
    assert.deepEqual(await load.ended, expected);
    assert.deepEqual(samples, [{ startMs: 1 }, { startMs: 2 }]);
  },
});

Deno.test({
  name: "startServer(): a server ends with the process that started it, also when that is killed",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const module = new URL("../../../bench/processes/server.ts", import.meta.url);
    const code = `import { startServer } from "${module}";
      const self = ${JSON.stringify(self)};
      const { pid } = await startServer("echo", ["--model", "single"], { self });
      console.log(pid);
      await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    const parent = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", "--ext=ts", code],
      stdout: "piped",
    }).spawn();
    const reader = parent.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    assert.ok(pid > 0);
    parent.kill("SIGKILL");
    await parent.status;
    await reader.cancel();
    const isRunning = () => {
      try {
        return !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
      } catch {
        return false;
      }
    };
    const endMs = performance.now() + 5000;
    while (isRunning() && performance.now() < endMs) await new Promise((go) => setTimeout(go, 5));
    assert.ok(!isRunning(), "the server has ended");
  },
});
