/**
 * The portable executable, for real: copied, restricted, interrupted, started at once. What its head does
 * with a damaged one, tests/tools/release/portable_test.ts tells: it takes no `deno` of 100 MB.
 */
import assert from "node:assert/strict";
import { VERSION } from "../../cli/shared/version.ts";
import { isIgnored, SIGUSR1 } from "../../system/linux/signals.ts";
import { PlayClient } from "../support/play_client.ts";
import { PLAY_SERVER } from "../support/play_setups.ts";
import { executable, namesIn, run, RunningServer, Sandbox } from "./executable.ts";

const isRoot = Deno.uid() === 0;
const strangerUid = 65534;

/** Why a test cannot run here, as part of its name. */
function unless(possible: boolean, reason: string): { ignore: boolean; note: string } {
  return { ignore: !possible, note: possible ? "" : ` (skipped: ${reason})` };
}

function has(tool: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${tool}`] }).outputSync().success;
}

const stranger = unless(isRoot && has("setpriv"), "needs root and setpriv to become another user");
const strace = unless(has("strace"), "needs strace");

Deno.test("portable executable", async (t) => {
  using shared = new Sandbox();
  Deno.chmodSync(shared.dir, 0o755);
  const { path: ktcp } = await executable(shared.dir);
  const cache = shared.mkdir("cache");
  // Files that Deno looks for in the folders above a program; none of them may matter.
  Deno.writeTextFileSync(`${cache}/package.json`, `{"type": "commonjs", "imports": 1}`);
  Deno.writeTextFileSync(`${cache}/deno.json`, "{ broken");
  Deno.writeTextFileSync(`${cache}/.npmrc`, "broken");
  const warm = { XDG_CACHE_HOME: cache };
  const version = new RegExp(`^ktcp ${VERSION} \\(commit \\S+, deno ${Deno.version.deno}\\)\n$`);

  await t.step("parallel first starts unpack once and all run", async () => {
    const runs = await Promise.all([1, 2].map(() => run([ktcp, "--version"], { env: warm })));
    for (const { code, out, err } of runs) {
      assert.equal(err, "");
      assert.match(out, version);
      assert.equal(code, 0);
    }
    const [program, ...others] = namesIn(`${cache}/ktcp`);
    assert.deepEqual(others, [], "no leftovers in the cache");
    assert.match(program, /^[0-9a-f]{64}$/);
    assert.deepEqual(namesIn(`${cache}/ktcp/${program}`), [
      "app",
      "deno",
      "deno_dir",
      "seen",
      "started",
    ]);
    assert.equal(Deno.statSync(`${cache}/ktcp`).mode! & 0o777, 0o700);
  });

  await t.step("runs from an empty directory with an empty environment", async () => {
    const [program] = namesIn(`${cache}/ktcp`);
    const home = `/tmp/ktcp-${Deno.uid()}`;
    try {
      const server = await RunningServer.start([ktcp, "http", "--port", "0"], {
        cwd: shared.mkdir("empty"),
      });
      assert.equal(await server.get("/"), "Hello World!\n");
      assert.equal((await server.stop("SIGTERM")).code, 0);
      assert.ok(namesIn(home).includes(program), "without a home it unpacks below /tmp");
      assert.deepEqual(namesIn(shared.path("empty")), []);
    } finally {
      // Other versions there may be in use.
      Deno.removeSync(`${home}/${program}`, { recursive: true });
    }
  });

  await t.step("it states how it was built, and the licences of what is inside", async () => {
    const { code, out } = await run([ktcp, "--version", "--verbose"], { env: warm });
    assert.equal(code, 0);
    assert.match(out, /^ {2}built {4}as a bundle that deno runs, in one file with it$/m);
    assert.match(out, /^ {2}commander \d\S+ +MIT$/m);
    assert.match(out, /^ {2}echarts \d\S+ +Apache-2\.0$/m);
    assert.doesNotMatch(out, /@PARTS@|undefined/);
  });

  await t.step("exit codes and arguments pass unchanged", async () => {
    assert.equal((await run([ktcp], { env: warm })).code, 0);
    assert.equal((await run([ktcp, "http", "--port", "x"], { env: warm })).code, 2);
    assert.equal((await run([ktcp, "doctor", "--threads", "9999999"], { env: warm })).code, 1);
    const { err } = await run([ktcp, "http", "--dir", " a\n b "], { env: warm });
    assert.ok(err.includes(" a\n b "), err);
  });

  await t.step("serves a directory, and a signal reaches it", async () => {
    Deno.writeTextFileSync(`${shared.mkdir("www", 0o755)}/hello.txt`, "hello, file");
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const argv = [ktcp, "http", "--dir", ".", "--port", "0"];
      const server = await RunningServer.start(argv, { env: warm, cwd: shared.path("www") });
      assert.ok(isIgnored(SIGUSR1, server.pid), "or the runtime opens its debugger");
      assert.equal(await server.get("/hello.txt"), "hello, file");
      const { code, err } = await server.stop(signal);
      assert.equal(code, 0);
      assert.match(err, /^ktcp http: .*1 requests/m);
    }
  });

  await t.step("what is loaded on demand is inside, and SIGHUP comes through", async () => {
    const argv = [
      ...[ktcp, "http", "--dir", ".", "--port", "0", "--compress", "--tls-self-signed"],
      ...["--http-redirect", "0", "--metrics", "0", "--log-file", shared.path("www", "log")],
    ];
    const server = await RunningServer.start(argv, { env: warm, cwd: shared.path("www") });
    Deno.kill(server.pid, "SIGHUP");
    await server.noted(/SIGHUP: log file read again/);
    const { code, err } = await server.stop("SIGTERM");
    assert.equal(code, 0);
    assert.match(err, /^self-signed certificate for localhost/m);
    assert.match(err, /is redirected to https$/m);
    assert.match(err, /^metrics at http:/m);
  });

  await t.step("each model's Workers start from inside", async () => {
    for (const model of ["per-core", "shared-pool", "per-connection"]) {
      const argv = [ktcp, "http", "--port", "0", "--model", model];
      const server = await RunningServer.start(argv, { env: warm });
      for (let i = 0; i < 3; i++) assert.equal(await server.get("/"), "Hello World!\n");
      assert.equal((await server.stop("SIGTERM")).code, 0);
    }
  });

  await t.step("bench runs its clients and its own server in Workers", async () => {
    const argv = [ktcp, "bench", "--threads", "20", "--rounds", "2", "--json"];
    const { code, out, err } = await run(argv, { env: warm });
    assert.equal(code, 0, err);
    const { ok, failed } = JSON.parse(out);
    assert.deepEqual({ ok, failed }, { ok: 40, failed: 0 });
  });

  await t.step("play serves the page from inside, and starts a server by itself", async () => {
    const play = await RunningServer.start([ktcp, "play", "--port", "0"], { env: warm });
    const [, query] = await play.printed(/^http:\S+(\?token=\S+)\n/m);
    assert.match(await play.get(`/${query}`), /^<!DOCTYPE html>/);
    for (const name of ["page.js", "page.css"]) {
      const built = new URL(`../../play/page/dist/${name}`, import.meta.url);
      assert.equal(await play.get(`/${name}${query}`), Deno.readTextFileSync(built));
    }
    assert.equal((await play.get(`/core.wasm${query}`)).slice(0, 4), "\0asm");
    const client = new PlayClient(`http://127.0.0.1:${play.port}/${query}`);
    await client.json({ method: "POST", path: "/api/servers", body: PLAY_SERVER }, 201);
    assert.deepEqual((await play.stop("SIGTERM")).code, 0);
  });

  await t.step("runs under a path with spaces and a link to it", async () => {
    const dir = shared.mkdir("a dir  with 'spaces");
    Deno.linkSync(ktcp, `${dir}/k tcp`);
    Deno.symlinkSync(`${dir}/k tcp`, `${dir}/link`);
    for (const name of ["k tcp", "link"]) {
      assert.match((await run([`${dir}/${name}`, "--version"], { env: warm })).out, version);
    }
    const { out } = await run(["sh", "k tcp", "--version"], { env: warm, cwd: dir });
    assert.match(out, version);
  });

  await t.step("what a killed first start left behind is in nobody's way", async () => {
    const killed = shared.mkdir("killed");
    const start = new Deno.Command(ktcp, {
      args: ["--version"],
      env: { XDG_CACHE_HOME: killed },
      clearEnv: true,
      stdout: "null",
      stderr: "null",
    }).spawn();
    while (!existsBelow(`${killed}/ktcp`)) await new Promise((done) => setTimeout(done, 5));
    start.kill("SIGKILL");
    await start.status;
    assert.match(
      (await run([ktcp, "--version"], { env: { XDG_CACHE_HOME: killed } })).out,
      version,
    );
  });

  await t.step({
    name: `runs as another user without a home, in a read-only directory${stranger.note}`,
    ignore: stranger.ignore,
    fn: async () => {
      const copy = `${shared.mkdir("public", 0o755)}/ktcp`;
      Deno.copyFileSync(ktcp, copy);
      const tmp = shared.mkdir("tmp", 0o1777);
      const cwd = shared.mkdir("read-only", 0o555);
      const as = ["setpriv", `--reuid=${strangerUid}`, `--regid=${strangerUid}`, "--clear-groups"];
      const env = { HOME: "/nonexistent", TMPDIR: tmp };
      const server = await RunningServer.start([...as, copy, "http", "--port", "0"], { env, cwd });
      assert.equal(await server.get("/"), "Hello World!\n");
      assert.equal((await server.stop("SIGTERM")).code, 0);
      const dir = Deno.lstatSync(`${tmp}/ktcp-${strangerUid}`);
      assert.deepEqual([dir.uid, dir.mode! & 0o777], [strangerUid, 0o700]);

      Deno.mkdirSync(`${tmp}/ktcp-0`);
      Deno.chownSync(`${tmp}/ktcp-0`, strangerUid, strangerUid);
      const foreign = await run([copy, "--version"], { env: { TMPDIR: tmp } });
      assert.match(foreign.err, /^ktcp: cannot use .*ktcp-0 as cache: .*set XDG_CACHE_HOME/);
      assert.equal(foreign.code, 1);
    },
  });

  await t.step({
    name: `writes nothing outside of its cache directory${strace.note}`,
    ignore: strace.ignore,
    fn: async () => {
      const log = shared.path("strace");
      const home = shared.mkdir("home");
      // With --seccomp-bpf only the calls that are traced stop the process.
      const filter = ["--seccomp-bpf", "-e", "trace=%file"];
      const trace = ["strace", "-f", "-qq", "-o", log, ...filter, "-s", "500"];
      const cold = shared.mkdir("traced");
      const { out } = await run([...trace, ktcp, "--version"], {
        env: { XDG_CACHE_HOME: cold, HOME: home, TMPDIR: home, PATH: "/usr/bin:/bin" },
        cwd: home,
      });
      assert.match(out, version);
      const writes = writtenPaths(Deno.readTextFileSync(log));
      assert.ok(writes.some((path) => path.startsWith(`${cold}/ktcp/`)), "the trace shows writes");
      const outside = writes.filter((path) => !path.startsWith(`${cold}/`) && path !== "/dev/null");
      assert.deepEqual(outside.filter((path) => path !== "/dev/tty"), []);
      assert.deepEqual(namesIn(home), []);
    },
  });
});

function existsBelow(dir: string): boolean {
  try {
    return namesIn(dir).length > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Absolute paths that a `strace -e trace=%file` log shows as created, changed or removed. */
function writtenPaths(log: string): string[] {
  return log.split("\n").flatMap((line) => {
    const call = /^\d+ +(\w+)\((.*)/.exec(line);
    if (!call || / = -1 E/.test(line)) return [];
    const [, name, args] = call;
    const opens = /^open(at)?$|^creat$/.test(name) && /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(args);
    const changes = /^(mkdir|rename|unlink|rmdir|link|symlink|mknod|ch|lch|fch|utime|trunc)/;
    if (!opens && (!changes.test(name) || name === "chdir")) return [];
    return [...args.matchAll(/"(\/[^"]*)"/g)].map((match) => match[1]);
  });
}
