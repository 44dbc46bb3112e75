import assert from "node:assert/strict";
import {
  checkLimits,
  effectOf,
  fatalChecks,
  limitsWarning,
  type LoadPlan,
} from "../../../bench/load/limits.ts";
import {
  parseAvailableMemory,
  parseIntegers,
  parseProcessLimit,
  readSystemLimits,
  type SystemLimits,
} from "../../../system/limits.ts";

/** A Linux machine as it is installed, except for the small hard limit of open files. */
const LIMITS: SystemLimits = {
  openFiles: { soft: 1024, hard: 4096 },
  maxOpenFiles: 1_048_576,
  somaxconn: 4096,
  synBacklog: 512,
  synCookies: 1,
  portRange: [32768, 60999],
  twReuse: 2,
  cores: 2,
  memoryBytes: 2 * 1024 ** 3,
};

function checksOf(plan: LoadPlan, changed: Partial<SystemLimits> = {}) {
  const checks = checkLimits(plan, { ...LIMITS, ...changed });
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

Deno.test("checkLimits(): a small plan fits everywhere", () => {
  const checks = checkLimits({ connections: 100 }, LIMITS);
  assert.deepEqual(checks.map((check) => check.name), [
    "ulimit -n",
    "net.core.somaxconn",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_tw_reuse",
    "cores",
    "memory",
  ]);
  assert.ok(checks.every((check) => check.ok && check.fix === ""));
  assert.equal(limitsWarning({ connections: 100 }, checks), null);
});

Deno.test("checkLimits(): open files count both ends where the server runs in this process", () => {
  assert.equal(checksOf({ connections: 400 })["ulimit -n"].needed, 864);
  assert.equal(checksOf({ connections: 400, server: "local" })["ulimit -n"].needed, 464);
  assert.equal(checksOf({ connections: 400, client: false })["ulimit -n"].needed, 464);
});

Deno.test("checkLimits(): the fix for open files fits the limit that is in the way", () => {
  const fixOf = (connections: number, changed: Partial<SystemLimits> = {}) =>
    checksOf({ connections, server: "local" }, changed)["ulimit -n"].fix;
  assert.equal(fixOf(2000), "ulimit -n 2064", "the soft limit");
  assert.equal(fixOf(10_000), "sudo prlimit --pid $$ --nofile=10064:10064", "the hard limit");
  assert.equal(
    fixOf(10_000, { maxOpenFiles: 8000 }),
    "sudo sysctl -w fs.nr_open=10064 && sudo prlimit --pid $$ --nofile=10064:10064",
  );
  const unlimited = { openFiles: { soft: Infinity, hard: Infinity } };
  const check = checksOf({ connections: 1e6 }, unlimited)["ulimit -n"];
  assert.deepEqual([check.value, check.ok], [null, true]);
});

Deno.test("checkLimits(): the accept queue takes all clients at once, or the given backlog", () => {
  const check = checksOf({ connections: 5000 })["net.core.somaxconn"];
  assert.deepEqual(check, {
    name: "net.core.somaxconn",
    value: 4096,
    needed: 5000,
    ok: false,
    fix: "sudo sysctl -w net.core.somaxconn=5000",
  });
  assert.match(effectOf(check), /accept queue overflows/);
  assert.ok(checksOf({ connections: 5000, backlog: 128 })["net.core.somaxconn"].ok);
  assert.equal(checksOf({ connections: 5000, server: "remote" })["net.core.somaxconn"], undefined);
});

Deno.test("checkLimits(): the SYN backlog counts only without SYN cookies", () => {
  const name = "net.ipv4.tcp_max_syn_backlog";
  assert.deepEqual(checksOf({ connections: 1000 })[name].needed, 0);
  const check = checksOf({ connections: 1000 }, { synCookies: 0 })[name];
  assert.deepEqual([check.needed, check.ok], [1000, false]);
  assert.equal(check.fix, `sudo sysctl -w ${name}=1000`);
});

Deno.test("checkLimits(): each client needs a port, TIME-WAIT holds it unless it is reused", () => {
  const range = "net.ipv4.ip_local_port_range";
  const reuse = "net.ipv4.tcp_tw_reuse";
  const wide = checksOf({ connections: 30_000 })[range];
  assert.deepEqual([wide.value, wide.ok], [28_232, false]);
  assert.equal(wide.fix, `sudo sysctl -w ${range}="1024 65535"`);
  assert.match(checksOf({ connections: 70_000 })[range].fix, /at most --threads 64512/);

  const rounds = { connections: 4000, closedPerMinute: 40_000 };
  assert.ok(checksOf(rounds)[reuse].ok, "loopback reuses");
  assert.ok(checksOf(rounds, { twReuse: 1 })[reuse].ok);
  for (
    const check of [
      checksOf(rounds, { twReuse: 0 })[reuse],
      checksOf({ ...rounds, server: "remote" })[reuse],
    ]
  ) {
    assert.deepEqual([check.needed, check.ok], [1, false]);
    assert.equal(check.fix, "sudo sysctl -w net.ipv4.tcp_tw_reuse=1");
  }
  assert.ok(checksOf({ connections: 4000 }, { twReuse: 0 })[reuse].ok, "enough ports");
});

Deno.test("checkLimits(): Unix sockets and servers need no ports", () => {
  for (const plan of [{ connections: 10, unix: true }, { connections: 10, client: false }]) {
    assert.equal(checksOf(plan)["net.ipv4.ip_local_port_range"], undefined);
  }
});

Deno.test("checkLimits(): memory says how many clients fit", () => {
  const check = checksOf({ connections: 1e6, server: "local" }).memory;
  const [, fitting] = /^at most --threads (\d+)$/.exec(check.fix)!;
  assert.ok(checksOf({ connections: Number(fitting), server: "local" }).memory.ok);
  assert.ok(!checksOf({ connections: Number(fitting) + 1, server: "local" }).memory.ok);
});

Deno.test("checkLimits(): what the system does not tell is no failure", () => {
  const checks = checkLimits({ connections: 1e6 }, {
    openFiles: null,
    maxOpenFiles: null,
    somaxconn: null,
    synBacklog: null,
    synCookies: null,
    portRange: null,
    twReuse: null,
    cores: 1,
    memoryBytes: null,
  });
  assert.ok(checks.every((check) => check.ok));
  assert.ok(checks.filter((check) => check.value === null).length >= 5);
});

Deno.test("limitsWarning(): one line, what is fatal first", () => {
  const plan = { connections: 5000 };
  const checks = checkLimits(plan, LIMITS);
  assert.deepEqual(fatalChecks(checks).map((check) => check.name), ["ulimit -n"]);
  assert.equal(
    limitsWarning(plan, checks),
    "warning: ulimit -n is 1,024, 10,064 needed: sockets cannot be opened (EMFILE)" +
      " (and 1 more); see 'ktcp doctor --threads 5000'",
  );
});

Deno.test("parseProcessLimit(): reads soft and hard, and unlimited", () => {
  const text = "Limit                     Soft Limit           Hard Limit           Units     \n" +
    "Max stack size            8388608              unlimited            bytes     \n" +
    "Max open files            1024                 524288               files     \n";
  assert.deepEqual(parseProcessLimit(text, "Max open files"), { soft: 1024, hard: 524288 });
  assert.deepEqual(parseProcessLimit(text, "Max stack size"), { soft: 8388608, hard: Infinity });
  assert.equal(parseProcessLimit(text, "Max locks"), null);
});

Deno.test("parseAvailableMemory(), parseIntegers(): read what /proc writes", () => {
  const meminfo = "MemTotal:  100 kB\nMemAvailable:   64 kB\n";
  assert.equal(parseAvailableMemory(meminfo), 65536);
  assert.equal(parseAvailableMemory("MemTotal: 1 kB\n"), null);
  assert.deepEqual(parseIntegers("32768\t60999\n"), [32768, 60999]);
  assert.equal(parseIntegers("max\n"), null);
  assert.equal(parseIntegers(""), null);
});

Deno.test({
  name: "readSystemLimits(): knows every limit on Linux",
  ignore: Deno.build.os !== "linux",
  fn() {
    const limits = readSystemLimits();
    const unknown = Object.entries(limits).filter(([, value]) => value === null);
    assert.deepEqual(unknown, []);
    assert.ok(limits.openFiles!.soft <= limits.openFiles!.hard);
    assert.ok(limits.portRange![0] < limits.portRange![1]);
  },
});
