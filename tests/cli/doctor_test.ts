import assert from "node:assert/strict";
import { doctorText, type Findings, limitsText } from "../../cli/doctor/text.ts";
import { findTools } from "../../cli/doctor/tools.ts";
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
  assert.deepEqual(Object.keys(document), [
    ...["command", "version", "threads", "checks", "ok", "engines"],
    ...["runtime", "machine", "interfaces", "tools"],
  ]);
  assert.equal(document.command, "doctor");
  for (const check of document.checks) {
    assert.deepEqual(Object.keys(check), ["name", "value", "needed", "ok", "fix"]);
    assert.equal(check.fix === "", check.ok);
  }
  assert.equal(code, document.ok ? 0 : 1);
  assert.equal(err, "");
  assert.deepEqual(document.engines[0], { name: "deno", isAvailable: true });
  assert.deepEqual(document.engines.map(({ name }: { name: string }) => name), ENGINES);
  for (const { name, isAvailable, reason, features } of document.engines) {
    assert.equal(typeof isAvailable, "boolean", name);
    assert.equal(typeof reason, isAvailable ? "undefined" : "string", name);
    assert.equal(features !== undefined, isAvailable && name === "io_uring", name);
  }
  const { runtime, machine, interfaces, tools } = document;
  assert.deepEqual(Object.keys(runtime), ["commit", "deno", "v8", "isCompiled"]);
  assert.equal(runtime.isCompiled, false);
  assert.deepEqual(Object.keys(machine), [
    ...["os", "kernel", "architecture", "cpu", "cores", "coresOnline", "memoryBytes"],
    ...["availableBytes", "pressure", "ulimits"],
  ]);
  assert.ok(machine.memoryBytes > 0 && machine.cores > 0);
  assert.deepEqual(
    interfaces.map(({ name }: { name: string }) => name),
    ["FFI", "sock_diag", "PSI", "CAP_NET_ADMIN"],
  );
  const names = tools.map(({ name }: { name: string }) => name);
  assert.deepEqual(names.slice(0, 4), ["wrk", "ab", "nginx", "strace"]);
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
  assert.match(denied.out, new RegExp(`^no {4}FFI .*\n {6}${reason}$`, "m"));
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

const LIMITS = {
  openFiles: { soft: 1024, hard: 1024 },
  maxOpenFiles: 1e6,
  somaxconn: 4096,
  synBacklog: null,
  synCookies: 0,
  portRange: [32768, 60999] as [number, number],
  twReuse: 2,
  cores: 4,
  memoryBytes: 1024 ** 3,
};

Deno.test("limitsText(): says that everything fits, and writes units", () => {
  const text = limitsText(100, checkLimits({ connections: 100 }, LIMITS), 80);
  assert.match(text, /^100 clients and their server in one process:$/m);
  assert.match(text, /^ok {4}ulimit -n +1,024 {2}needed: 264$/m);
  assert.match(text, /^ok {4}net\.ipv4\.tcp_max_syn_backlog +unknown {2}needed: 100$/m);
  assert.match(text, /^ok {4}memory +1\.00 GiB {2}needed: 165 MiB$/m);
  assert.match(text, /Everything fits\.$/);
});

/** A machine on which most things are missing. */
const FINDINGS: Findings = {
  threads: 5000,
  checks: checkLimits({ connections: 5000 }, LIMITS),
  ok: false,
  engines: [
    { name: "deno", isAvailable: true },
    { name: "epoll", isAvailable: true },
    {
      name: "io_uring",
      isAvailable: true,
      features: [
        { name: "registered-ring", isAvailable: true, since: "5.18" },
        { name: "min-wait", isAvailable: false, since: "6.12" },
      ],
    },
    { name: "select", isAvailable: false, reason: "kernel.io_uring_disabled is 2" },
  ],
  runtime: { commit: "0123456789ab", deno: "2.9.6", v8: "15.0", isCompiled: true },
  machine: {
    os: "linux",
    kernel: "6.1.0-13-amd64",
    architecture: "x86_64",
    cpu: "AMD EPYC 7763 64-Core Processor",
    cores: 2,
    coresOnline: 4,
    memoryBytes: 8 * 1024 ** 3,
    availableBytes: 1024 ** 3,
    pressure: { cpu: 31.2, memory: 0, io: 1 },
    ulimits: [
      { name: "open files", soft: 1024, hard: null },
      { name: "locked memory", soft: 8 * 1024 ** 2, hard: 8 * 1024 ** 2 },
    ],
  },
  interfaces: [
    {
      name: "sock_diag",
      use: "lists sockets with their backlogs",
      isAvailable: false,
      reason: "socket: Protocol not supported",
      fix: "sudo modprobe tcp_diag",
    },
  ],
  tools: [
    { name: "wrk", use: "compared with htstress", path: "/usr/bin/wrk", fix: "" },
    { name: "ab", use: "compared with htstress", path: null, fix: "apt install apache2-utils" },
  ],
};

Deno.test("doctorText(): all findings at 80 columns, with what to type for each that limits", () => {
  const [head, machine, engines] = [/^ktcp/, /^This machine/, /^Engines/].map((start) => {
    const paragraphs = doctorText(FINDINGS, 80).split(/\n\n(?! |yes|no|ok|FAIL)/);
    return paragraphs.find((text) => start.test(text))!;
  });
  assert.match(
    head,
    /^ktcp \S+ \(commit 0123456789ab, one executable\) on deno 2\.9\.6, V8 15\.0$/,
  );
  assert.equal(
    machine,
    `This machine:

  kernel         linux 6.1.0-13-amd64, x86_64
  CPUs           2 of 4: AMD EPYC 7763 64-Core Processor
  memory         8.00 GiB, 1.00 GiB available
  pressure       in the last 10 s threads waited for CPUs 31 %, memory 0 %,
                 disks 1 % of the time; something else runs: 'top' shows it
  open files     1,024, hard limit unlimited
  locked memory  8.00 MiB`,
  );
  assert.equal(
    engines,
    `Engines of servers and clients (--engine):

yes   deno
yes   epoll
yes   io_uring  with registered-ring, without min-wait (Linux 6.12)
no    select    kernel.io_uring_disabled is 2`,
  );
  const text = doctorText(FINDINGS, 80);
  assert.match(text, /^FAIL {2}ulimit -n .*\n {6}sockets cannot be opened.*\n {6}sudo prlimit/m);
  assert.match(text, /^no {4}sock_diag .*\n {6}socket: Protocol .*\n {6}sudo modprobe tcp_diag$/m);
  assert.match(text, /^yes {3}wrk +compared with htstress \(\/usr\/bin\/wrk\)$/m);
  assert.match(text, /^no {4}ab +compared with htstress\n {6}apt install apache2-utils$/m);
});

for (const width of [40, 80]) {
  Deno.test(`doctorText(): fits ${width} columns`, () => {
    const wide = doctorText(FINDINGS, width).split("\n").filter((line) => line.length > width);
    assert.deepEqual(wide, []);
  });
}

Deno.test("docs/operating.md names the tools and the fields that doctor has", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/operating.md", import.meta.url));
  const [, section] = page.split("## ktcp doctor");
  const tools = findTools(() => null).map(({ name }) => name);
  assert.match(section, new RegExp(`^\\| tools +\\| ${tools.join(", ")}: `, "m"));
  const fields = Object.keys(FINDINGS).map((name) => `\`${name}\``);
  assert.ok(section.replaceAll(/\s+/g, " ").includes(`${fields.join(", ")}.`), fields.join(", "));
});

const MANAGERS: [manager: string | null, ab: string][] = [
  ["apt-get", "sudo apt-get install apache2-utils"],
  ["dnf", "sudo dnf install httpd-tools"],
  ["apk", "sudo apk add apache2-utils"],
  ["pacman", "sudo pacman -S apache"],
  ["brew", "brew install httpd"],
  [null, ""],
];

for (const [manager, ab] of MANAGERS) {
  Deno.test(`findTools(): says how ${manager ?? "nothing"} installs what is missing`, () => {
    const here = ["wrk", ...(manager === null ? [] : [manager])];
    const tools = findTools((name) => here.includes(name) ? `/bin/${name}` : null);
    const tool = (name: string) => tools.find((each) => each.name === name)!;
    assert.deepEqual([tool("wrk").path, tool("wrk").fix], ["/bin/wrk", ""]);
    assert.deepEqual([tool("ab").path, tool("ab").fix], [null, ab]);
    assert.equal(tool("strace").fix, manager === null ? "" : ab.replace(/\S+$/, "strace"));
  });
}
