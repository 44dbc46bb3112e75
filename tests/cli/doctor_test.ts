import assert from "node:assert/strict";
import { doctorText, enginesText } from "../../cli/doctor.ts";
import { ENGINES } from "../../servers/mod.ts";
import { checkLimits } from "../../bench/load/limits.ts";

function doctor(...args: string[]) {
  return doctorWith([], ...args);
}

async function doctorWith(permissions: readonly string[], ...args: string[]) {
  const main = new URL("../../cli/main.ts", import.meta.url).pathname;
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", ...permissions, main, "doctor", ...args],
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, out: decode(output.stdout), err: decode(output.stderr) };
}

Deno.test("ktcp doctor --json: prints one document and exits as it says", async () => {
  const { code, out, err } = await doctor("--threads", "10", "--json");
  const document = JSON.parse(out);
  const keys = ["command", "version", "threads", "checks", "ok", "engines"];
  assert.deepEqual(Object.keys(document), keys);
  assert.equal(document.command, "doctor");
  for (const check of document.checks) {
    assert.deepEqual(Object.keys(check), ["name", "value", "needed", "ok", "fix"]);
    assert.equal(check.fix === "", check.ok);
  }
  assert.equal(code, document.ok ? 0 : 1);
  assert.equal(err, "");
  assert.deepEqual(document.engines[0], { name: "deno", isAvailable: true });
  assert.deepEqual(document.engines.map(({ name }: { name: string }) => name), ENGINES);
  for (const { name, isAvailable, reason } of document.engines) {
    assert.equal(typeof isAvailable, "boolean", name);
    assert.equal(typeof reason, isAvailable ? "undefined" : "string", name);
  }
});

Deno.test("ktcp doctor: without FFI it names the reason, asks nothing, and exits as before", async () => {
  const [plain, denied] = await Promise.all(
    [[], ["--deny-ffi"]].map((permissions) => doctorWith(permissions, "--threads", "10")),
  );
  assert.equal(denied.code, plain.code);
  assert.equal(denied.err, "");
  assert.match(denied.out, /^yes {3}deno$/m);
  const reason = Deno.build.os === "linux"
    ? "Cannot load libc: FFI is not permitted \\(--allow-ffi\\)"
    : "this is \\w+, not Linux";
  for (const name of ENGINES.slice(1)) {
    assert.match(denied.out, new RegExp(`^no {4}${name} +${reason}$`, "m"));
  }
});

Deno.test("enginesText(): a line an engine, the reasons in a column", () => {
  const text = enginesText([
    { name: "deno", isAvailable: true },
    { name: "epoll", isAvailable: true },
    { name: "io_uring", isAvailable: false, reason: "kernel.io_uring_disabled is 2" },
  ]);
  assert.equal(
    text,
    "Engines that servers may have (--engine):\n\n" +
      "yes   deno\nyes   epoll\nno    io_uring  kernel.io_uring_disabled is 2",
  );
});

Deno.test({
  name: "ktcp doctor: exits 1 and says how to raise what ten million clients run out of",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { code, out } = await doctor("--threads", "10000000");
    assert.equal(code, 1);
    assert.match(out, /^FAIL {2}net\.core\.somaxconn /m);
    assert.match(out, /^ {6}sudo sysctl -w net\.core\.somaxconn=10000000$/m);
    assert.match(out, /^ {6}sudo sysctl -w fs\.nr_open=20000064 && sudo prlimit /m);
    assert.match(out, /of 7 will not fit\.$/m);
    assert.match(out, /^Engines that servers may have/m);
  },
});

Deno.test("ktcp doctor: usage errors name the option and exit 2", async () => {
  for (const value of ["0", "many", "-5"]) {
    const { code, out, err } = await doctor("--threads", value);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /^ktcp doctor: .*--threads/);
  }
});

Deno.test("doctorText(): says that everything fits, and writes units", () => {
  const checks = checkLimits({ connections: 100 }, {
    openFiles: { soft: 1024, hard: 1024 },
    maxOpenFiles: 1e6,
    somaxconn: 4096,
    synBacklog: null,
    synCookies: 0,
    portRange: [32768, 60999],
    twReuse: 2,
    cores: 4,
    memoryBytes: 1024 ** 3,
  });
  const text = doctorText(100, checks);
  assert.match(text, /^100 clients and their server in one process:$/m);
  assert.match(text, /^ok {4}ulimit -n +1,024 {2}needed: 264$/m);
  assert.match(text, /^ok {4}net\.ipv4\.tcp_max_syn_backlog +unknown {2}needed: 100$/m);
  assert.match(text, /^ok {4}memory +1\.00 GiB {2}needed: 165 MiB$/m);
  assert.match(text, /Everything fits\.$/);
});
