import assert from "node:assert/strict";
import { findServer, type OwnServer } from "../../cli/bench/target.ts";
import { Failure, UsageError } from "../../cli/shared/failure.ts";
import {
  answering,
  echo,
  readFully,
  startNone,
  startServer,
  writeAll,
} from "../support/echo_servers.ts";
import { response, startCounting } from "../support/http_load_servers.ts";
import { startBlackHole } from "../support/black_hole.ts";
import { Launched, type Outcome, run } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

const DEFAULT_SIZE = 64;

/** Runs `ktcp bench` with `args`, which are separated by spaces. */
function bench(args: string): Promise<Outcome> {
  return run(["bench", ...args.split(" ")]);
}

/** Whether somebody, who has nothing to do with these tests, listens on the default port. */
async function isDefaultPortTaken(): Promise<boolean> {
  try {
    (await Deno.connect({ port: 12345 })).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "ktcp bench: works alone, with a server of its own",
  ignore: await isDefaultPortTaken(),
  async fn() {
    const { code, out, err } = await bench("--threads 20 --rounds 3 --messages 2 --json");
    assert.equal(code, 0, err);
    const document = JSON.parse(out);
    assert.equal(document.selfStarted, true);
    assert.equal(document.ok, 120);
    assert.match(err, /measuring ktcp's own echo server on 127\.0\.0\.1:\d+\n/);
    assert.ok(err.includes(document.target));
  },
});

Deno.test("ktcp bench --json: one document, in the shape that is promised", async () => {
  await using server = startServer(echo);
  const { code, out, err } = await bench(`-p ${server.port} -t 10 -r 2 -m 3 -s 5000 --json`);
  assert.equal(code, 0, err);
  const document = JSON.parse(out);
  assert.deepEqual(
    Object.keys(document).join(),
    "command,version,target,selfStarted,engine,threads,rounds,messages,messageBytes,ratePerSecond," +
      "attempted,ok,failed,failures,startedAt,endedAt,seconds,messagesPerSecond,bytesPerSecond," +
      "connectUs,echoUs,kernel,clients,limits,hdr",
  );
  assert.equal(document.command, "bench");
  assert.equal(document.target, `127.0.0.1:${server.port}`);
  assert.equal(document.selfStarted, false);
  assert.equal(document.messageBytes, 5000);
  assert.deepEqual([document.attempted, document.ok, document.failed], [60, 60, 0]);
  assert.equal(document.connectUs.count, 20);
  assert.equal(document.echoUs.count, 60);
  assert.deepEqual(document.clients.map(({ index }: { index: number }) => index), [
    ...Array(10).keys(),
  ]);
  assert.deepEqual(Object.keys(document.kernel), ["synRetransmits", "listenOverflows"]);
  assert.ok(document.limits.length >= 4);
});

Deno.test("ktcp bench: prints a summary and a histogram", async () => {
  await using server = startServer(echo);
  const { code, out } = await bench(`--host localhost --port ${server.port} -t 5 -r 2`);
  assert.equal(code, 0);
  assert.match(out, /^5 clients × 2 rounds × 1 message of 64 B against the echo server at\s127/);
  assert.match(out, /^echoes: 10, good 10, failed 0$/m);
  assert.match(out, /^count +10 +10$/m);
  assert.match(out, /100\.00%$/m);
});

Deno.test("ktcp bench: exits 1 when an echo failed, and explains the first mismatch", async () => {
  await using server = startServer(
    answering(DEFAULT_SIZE, (message) => message.with(50, message[50] ^ 1)),
  );
  const { code, out, err } = await bench(`-p ${server.port} -t 3 -r 1 --json`);
  assert.equal(code, 1);
  assert.equal(JSON.parse(out).failures.mismatch, 3);
  assert.match(err, /first mismatch: client \d, round 0, message 0: byte 50 of 64 differs\n/);
});

Deno.test("ktcp bench: no server listens", async () => {
  await using server = await startNone();
  const { code, out, err } = await bench(`-p ${server.port} -t 3 -r 2 --json`);
  assert.equal(code, 1);
  const document = JSON.parse(out);
  assert.equal(document.failures.refused, 6);
  assert.equal(document.echoUs.p50, null);
  assert.match(
    err,
    new RegExp(
      `no server listens on 127\\.0\\.0\\.1:${server.port}; start one there with ` +
        `'ktcp echo --port ${server.port}'\n`,
    ),
  );
});

Deno.test("ktcp bench: names a server that does not echo, at once", async () => {
  await using server = startCounting(() => ({ bytes: response("no", 400) }));
  const { code, out, err } = await runMain(["bench", "-p", `${server.port}`]);
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /127\.0\.0\.1:\d+ does not echo \(it answered HTTP\/1\.1 400 X\); name one/);
  assert.equal(server.connections, 1);
});

Deno.test("ktcp bench: recognizes padding, and takes it when told", async () => {
  await using server = startServer(async (conn) => {
    const buffer = new Uint8Array(512);
    while (await conn.read(buffer) !== null) {
      await writeAll(conn, buffer);
      buffer.fill(0);
    }
  });
  const load = ["bench", "-p", `${server.port}`, "-t", "4", "-r", "2", "-m", "5", "--json"];
  const refused = await runMain(load);
  assert.deepEqual([refused.code, refused.out], [1, ""]);
  assert.match(refused.err, /always answers 512 bytes: try --size 512, or --accept-padding/);
  for (const extra of [["--accept-padding"], ["--size", "512"]]) {
    const { code, out, err } = await runMain([...load, ...extra]);
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(out).ok, 40);
  }
});

Deno.test("ktcp bench: writes bench.txt, CSV, plots and a gnuplot script", async () => {
  await using server = startServer(echo);
  const folder = await Deno.makeTempDir();
  const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
  const { code, err } = await bench(
    `-p ${server.port} -t 8 -r 3 -m 2 --output ${folder}/bench.txt --csv ${folder}/raw.csv ` +
      `--plot ${folder}/plot.svg --gnuplot ${folder}/bench.gp`,
  );
  assert.equal(code, 0, err);
  const lines = (await read("raw.csv")).trimEnd().split("\n");
  assert.equal(lines[0], "client,round,seq,connect_us,echo_us,result");
  assert.equal(lines.length, 1 + 8 * 3 * 2);
  const rows = lines.slice(1).map((line) => line.split(","));
  assert.ok(rows.every((row) => (row[3] !== "") === (row[2] === "0") && row[5] === "ok"));

  const means = (await read("bench.txt")).trimEnd().split("\n").map((line) => line.split(" "));
  assert.deepEqual(means.map(([index]) => index), [..."01234567"]);
  for (const [index, mean] of means) {
    const echoes = rows.filter(([client]) => client === index).map((row) => Number(row[4]));
    const exact = echoes.reduce((sum, us) => sum + us, 0) / echoes.length;
    assert.ok(Math.abs(Number(mean) - exact) < 0.02, `client ${index}: ${mean} for ${exact}`);
  }
  const svg = await read("plot.svg");
  assert.match(svg, /^<svg /);
  for (const label of ["client", "connect", "echo", "percentile"]) assert.ok(svg.includes(label));
  assert.ok((await read("bench.gp")).includes(`plot '${folder}/bench.txt'`));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("ktcp bench: Ctrl-C prints what was measured and exits 130", async () => {
  const enough = Promise.withResolvers<void>();
  let messages = 0;
  await using server = startServer(async (conn) => {
    const message = await readFully(conn, DEFAULT_SIZE);
    await writeAll(conn, message);
    if (++messages === 100) enough.resolve();
    await conn.read(new Uint8Array(1));
  });
  const load = ["-t", "5", "-r", "1000000"];
  await using process = new Launched(["bench", "-p", `${server.port}`, ...load, "--json"]);
  await enough.promise;
  process.signal("SIGINT");
  const { code, out, err } = await process.ended;
  assert.equal(code, 130);
  const document = JSON.parse(out);
  assert.ok(document.ok >= 50 && document.ok < 5_000_000, `${document.ok}`);
  assert.equal(document.failed, 0);
  assert.match(err, /^interrupted after [\d,]+ of 5,000,000 echoes$/m);
});

Deno.test("ktcp bench --compare: two saved runs", async () => {
  await using server = startServer(echo);
  const folder = await Deno.makeTempDir();
  for (const name of ["a", "b"]) {
    const { out } = await bench(`-p ${server.port} -t 2 -r 2 --json`);
    await Deno.writeTextFile(`${folder}/${name}.json`, out);
  }
  const { code, out } = await bench(`--compare ${folder}/a.json ${folder}/b.json`);
  assert.equal(code, 0);
  assert.match(out, /^p99\.9 .*[+-][\d.]+%( !)?/m);
  const json = JSON.parse(
    (await bench(`--compare ${folder}/a.json ${folder}/b.json --json`)).out,
  );
  assert.equal(json.command, "bench");
  assert.ok(json.figures.some(({ name }: { name: string }) => name === "echo p50"));
  const missing = await bench(`--compare ${folder}/a.json ${folder}/c.json`);
  assert.equal(missing.code, 1);
  assert.match(missing.err, /^ktcp bench: Cannot read .*c\.json/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("ktcp bench: refuses more clients than there may be open files", async () => {
  const prefix = ["sh", "-c", 'ulimit -n 500; exec "$0" "$@"'];
  const { code, out, err } = await run(["bench", "-t", "5000"], { prefix });
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(
    err,
    /^ktcp bench: Cannot connect --threads 5000 clients at once: ulimit -n is 500, \d+ needed; raise it with '.*' or lower --threads\n$/m,
  );
});

const USAGE_ERRORS: [args: string, error: RegExp][] = [
  ["--threads 0", /--threads.*'0'.*whole number from 1/],
  ["--rate 10 --think 1ms", /--rate '10' excludes --think/],
  ["--timeout 0", /--timeout.*'0'/],
  ["--host 8081", /--host '8081' is only a number; write --port 8081/],
  ["--host 127.1", /--host: Not a host: '127\.1' is another way to write 127\.0\.0\.1/],
  ["--size 0", /--size.*'0'/],
  ["--port 0", /--port '0'/],
  ["--unix /x --port 7", /--unix '\/x' excludes --host and --port/],
  ["--plot x.jpg", /--plot 'x\.jpg'.*\.svg or \.png/],
  ["--gnuplot x.gp", /--gnuplot 'x\.gp'.*--output/],
  ["--csv x -t 1000 -r 1000 -m 1000", /--csv 'x' would keep 1,000,000,000 samples/],
  ["--workers 9 -t 3", /--workers '9'/],
  ["--compare one.json", /--compare 'one\.json' names 1/],
];

for (const [args, error] of USAGE_ERRORS) {
  Deno.test(`ktcp bench ${args}: is a usage error`, async () => {
    const { code, out, err } = await runMain(["bench", ...args.split(" ")]);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, error);
    assert.equal(err.trimEnd().split("\n").length, 2, "one line and a hint");
  });
}

/** A stand-in for ktcp's own server that must, or must not, be started. */
function ownServer(port: number): { startOwn(): Promise<OwnServer>; stopped: number } {
  const own = {
    stopped: 0,
    startOwn: () =>
      Promise.resolve({
        hostname: "127.0.0.1",
        port,
        stop: () => Promise.resolve(void own.stopped++),
      }),
  };
  return own;
}

Deno.test("findServer(): takes the server on the default port", async () => {
  await using server = startServer(echo);
  const address = { hostname: "127.0.0.1", port: server.port };
  const found = await findServer({}, { ...ownServer(1), address });
  assert.deepEqual(found.target, address);
  assert.equal(found.selfStarted, false);
});

Deno.test("findServer(): starts one when there is none, and stops it", async () => {
  await using server = await startNone();
  const own = ownServer(4711);
  const address = { hostname: "127.0.0.1", port: server.port };
  const found = await findServer({}, { startOwn: own.startOwn, address });
  assert.deepEqual(found.target, { hostname: "127.0.0.1", port: 4711 });
  assert.equal(found.selfStarted, true);
  await found.stop();
  assert.equal(own.stopped, 1);
});

Deno.test("findServer(): never starts one in place of a server that is named", async () => {
  const own = { startOwn: () => Promise.reject(new Error("started")) };
  assert.deepEqual((await findServer({ port: 9 }, own)).target, { hostname: "127.0.0.1", port: 9 });
  assert.deepEqual((await findServer({ host: "::1" }, own)).target, {
    hostname: "::1",
    port: 12345,
  });
  assert.deepEqual((await findServer({ unix: "/a/b" }, own)).target, { path: "/a/b" });
  await assert.rejects(findServer({ unix: "/a", host: "x" }, own), UsageError);
  const lookUp = () => Promise.reject(new Error("ENOTFOUND"));
  await assert.rejects(findServer({ host: "no.such.host" }, { ...own, lookUp }), Failure);
});

Deno.test("findServer(): takes the first address that accepts, past a black hole", async () => {
  await using hole = await startBlackHole("127.0.0.2");
  using listener = Deno.listen({ hostname: "127.0.0.3", port: hole.port });
  const finding = {
    startOwn: () => Promise.reject(new Error("started")),
    lookUp: () => Promise.resolve(["127.0.0.2", "127.0.0.3"]),
  };
  const beginMs = performance.now();
  const found = await findServer({ host: "a.test", port: hole.port, timeout: 5000 }, finding);
  assert.deepEqual(found.target, { hostname: "127.0.0.3", port: listener.addr.port });
  assert.ok(performance.now() - beginMs < 1000);
});
