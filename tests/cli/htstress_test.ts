import assert from "node:assert/strict";
import { startNone, startServer } from "../support/echo_servers.ts";
import { response, sendAndClose, startCounting } from "../support/http_load_servers.ts";
import { Launched, type Outcome, run } from "../support/launch.ts";
import { sleep } from "../../system/wait.ts";
import { runMain } from "../support/run_main.ts";

/** Runs `ktcp htstress` with `args`, which are separated by spaces. */
function htstress(args: string): Promise<Outcome> {
  return run(["htstress", ...args.split(" ")]);
}

/** The same in this process: for what has many cases, and only options and the exit code to show. */
function htstressHere(args: string): Promise<Outcome> {
  return runMain(["htstress", ...args.split(" ").filter(Boolean)]);
}

Deno.test("ktcp htstress: takes the C tool's flags and prints its summary", async () => {
  await using server = startCounting();
  const { code, out, err } = await htstress(`-n 200 -c 3 -t 2 127.0.0.1:${server.port}/`);
  assert.equal(code, 0, err);
  assert.match(
    out,
    new RegExp(
      "^\nrequests:      200\ngood requests: 200 \\[100%\\]\nbad requests:  0 \\[0%\\]\n" +
        "socket errors: 0 \\[0%\\]\nseconds:       \\d+\\.\\d{3}\nrequests/sec:  \\d+\\.\\d{3}\n\n",
    ),
  );
  assert.equal(server.seen.length, 200);
  assert.equal(server.seen[0].version, "HTTP/1.0");
  const long = await htstress(
    `--number 10 --concurrency 1 --threads 1 --host example.org -4 ${server.url}`,
  );
  assert.equal(long.code, 0, long.err);
  assert.equal(server.seen.at(-1)!.fields.get("host"), "example.org");
});

Deno.test("ktcp htstress --json: one document, in the shape that is promised", async () => {
  await using server = startCounting((_, index) => ({
    bytes: response("hi", index % 4 === 0 ? 404 : 200),
  }));
  const { code, out, err } = await htstress(`-k -n 100 -c 2 --json ${server.url}a ${server.url}b`);
  assert.equal(code, 0, err);
  const document = JSON.parse(out);
  assert.equal(
    Object.keys(document).join(),
    "command,version,urls,engine,mode,concurrency,threads,pipeline,asked,requests,good,bad," +
      "socketErrors,startedAt,endedAt,seconds,requestsPerSecond,window,schedule,bytesIn,bytesOut," +
      "statuses,errors,faults,latencyUs,ttfbUs,connectUs,hdr",
  );
  assert.deepEqual(document.urls, [`${server.url}a`, `${server.url}b`]);
  assert.deepEqual([document.command, document.mode], ["htstress", "keep-alive"]);
  assert.deepEqual([document.requests, document.good, document.bad], [100, 75, 25]);
  assert.deepEqual(document.statuses, { 200: 75, 404: 25 });
  assert.equal(
    Object.keys(document.errors).join(),
    "refused,reset,timeout,truncated,garbage,closed,tls,protocol",
  );
  assert.equal(document.latencyUs.count, 100);
  assert.equal(document.connectUs.count, 2);
});

Deno.test("ktcp htstress: exits 1 on socket errors, and on what was not expected", async () => {
  await using bad = startCounting((_, i) => ({ bytes: response("no", i % 2 ? 500 : 200) }));
  await using worse = startCounting(() => ({ bytes: response("no", 500) }));
  await using none = await startNone();
  await using closing = startServer(sendAndClose(""));
  const args = `-n 10 --json`;
  const code = async (args: string) => (await htstressHere(args)).code;
  assert.equal(await code(`${args} ${bad.url}`), 0, "bad responses alone");
  assert.equal(await code(`${args} --expect-status 2xx,404 ${bad.url}`), 1);
  assert.equal(await code(`${args} --expect-status 2xx,500 ${bad.url}`), 0);
  assert.equal(await code(`${args} --expect-body-sha256 ${"0".repeat(64)} ${bad.url}`), 1);
  assert.equal(await code(`${args} ${worse.url}`), 1, "no response is good");
  assert.equal(await code(`--rate 100 --sweep 200,400 -n 5 ${worse.url}`), 1);
  assert.equal(await code(`${args} --fail-if errors>4 ${bad.url}`), 1);
  assert.equal(await code(`${args} --fail-if p99<1us ${bad.url}`), 0);
  const failed = await htstressHere(`${args} --fail-if p50>1us --fail-if rps>1 ${bad.url}`);
  assert.equal(failed.code, 1);
  assert.equal(failed.err.match(/--fail-if (p50>1us|rps>1): it is /g)?.length, 2);
  const closed = await htstress(`${args} 127.0.0.1:${closing.port}`);
  assert.equal(closed.code, 1);
  assert.equal(JSON.parse(closed.out).errors.closed, 10);
  assert.match(
    closed.err,
    /^ktcp htstress: closed 10: the server closed .* \(first: 127\.0\.0\.1:/m,
  );
  const vain = await htstressHere(`127.0.0.1:${none.port}`);
  assert.deepEqual([vain.code, vain.out], [1, ""]);
  assert.match(vain.err, /^ktcp htstress: Nobody listens on 127\.0\.0\.1:\d+; start a server/m);
});

const USAGE: Record<string, RegExp> = {
  "": /^ktcp htstress: no URL given; write one like http:\/\/localhost:8081\/\nTry /,
  "ftp://x/": /Not a URL: 'ftp:\/\/x\/'/,
  "-n x http://x/": /--number <n>' argument 'x' is invalid\. Not a whole number/,
  "-c 0 http://x/": /--concurrency <n>' argument '0' is invalid/,
  "-4 -6 http://x/": /-4 and -6 exclude each other/,
  "--rate 0 http://x/": /--rate <n>' argument '0' is invalid\. Not a number above 0/,
  "--rate 1e3 http://x/": /Not a number above 0 and up to 10000000/,
  "--sweep 1,2.5 http://x/": /--sweep '1,2\.5' needs whole numbers of connections without --rate/,
  "--pipeline 4 --rate 5 http://x/": /--pipeline '4' and --rate exclude each other/,
  "--sweep --fail-if p99>1s http://x/": /--fail-if 'p99>1s' and --sweep exclude each other/,
  "--pipeline 4 http://x/ http://y/": /--pipeline '4' needs URLs of one server, not 2/,
  "--body a --body-file b http://x/": /--body-file 'b' and --body exclude each other/,
  "--body-file /no/such http://x/": /Cannot read --body-file '\/no\/such'/,
  "--header nonsense http://x/": /Not a header; write it like 'Accept: text\/html'/,
  "--method GET/ http://x/": /Not a method/,
  "--expect-status 2x http://x/": /Not a list of statuses/,
  "--expect-body-sha256 12 http://x/": /Not a SHA-256 digest/,
  "--fail-if p98>1 http://x/": /'p98' is unknown/,
  "--sweep 4,2 http://x/": /Not a rising list of loads/,
  "--plot a.gif http://x/": /--plot 'a\.gif' is neither/,
  "-u /x https://x/": /--udaddr '\/x' and https exclude each other/,
  "--unknown http://x/": /unknown option '--unknown'/,
};

Deno.test("ktcp htstress: exits 2 on usage errors, with one line and a hint", async () => {
  for (const [args, expected] of Object.entries(USAGE)) {
    const { code, out, err } = await htstressHere(args);
    assert.equal(code, 2, `${args}: ${err}`);
    assert.equal(out, "");
    assert.match(err, expected);
    assert.match(err, /\nTry 'ktcp htstress --help'\.\n$/);
  }
});

Deno.test("ktcp htstress: Ctrl-C prints the partial result and exits 130", async () => {
  const answered = Promise.withResolvers<void>();
  await using server = startCounting((_, index) => {
    if (index === 50) answered.resolve();
    return { bytes: response("hi") };
  });
  await using process = new Launched([
    "htstress",
    "-k",
    "-c",
    "2",
    "-n",
    "0",
    "--json",
    server.url,
  ]);
  await answered.promise;
  process.signal("SIGINT");
  const { code, out, err } = await process.ended;
  assert.equal(code, 130);
  assert.match(err, /Press Ctrl-C to finish/);
  const document = JSON.parse(out);
  assert.ok(document.good >= 50);
  assert.equal(document.good, server.seen.length);
});

Deno.test("ktcp htstress: writes CSV and plots, and compares saved runs", async () => {
  await using server = startCounting();
  const folder = await Deno.makeTempDir();
  const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
  const { code, out, err } = await htstress(
    `-n 300 -c 3 --json --csv ${folder}/raw.csv --plot ${folder}/plot.svg ${server.url}`,
  );
  assert.equal(code, 0, err);
  const lines = (await read("raw.csv")).trimEnd().split("\n");
  assert.equal(lines[0], "thread,seq,start_us,connect_us,ttfb_us,latency_us,status,result");
  assert.equal(lines.length, 301);
  assert.ok(lines.slice(1).every((line) => /^0,\d+(,\d+\.\d\d){4},200,good$/.test(line)), lines[1]);
  const svg = await read("plot.svg");
  for (const label of ["connect", "latency", "percentile"]) assert.ok(svg.includes(label), label);
  assert.match(err, /wrote .*raw\.csv\nwrote .*plot\.svg\n/);
  await Deno.writeTextFile(`${folder}/a.json`, out);
  const compared = await htstress(`--compare ${folder}/a.json ${folder}/a.json`);
  assert.equal(compared.code, 0, compared.err);
  assert.match(compared.out, /requests\/s .*\+0\.0%/);
  const json = await htstress(`--compare ${folder}/a.json ${folder}/a.json --json`);
  assert.equal(JSON.parse(json.out).command, "htstress");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("ktcp htstress --sweep: one run for each load, with the knee", async () => {
  await using server = startCounting();
  const folder = await Deno.makeTempDir();
  const sweep = await htstress(`-k --sweep 1,2,4 -n 200 --plot ${folder}/s.svg ${server.url}`);
  assert.equal(sweep.code, 0, sweep.err);
  assert.match(sweep.out, /^connections per thread\n/);
  assert.match(sweep.out, /knee: /);
  assert.equal(server.seen.length, 600);
  assert.ok((await Deno.readTextFile(`${folder}/s.svg`)).includes("p99"));
  const rates = await htstress(`-k --rate 400 --sweep --duration 100ms --json ${server.url}`);
  const document = JSON.parse(rates.out);
  assert.equal(document.sweep, "rate");
  assert.deepEqual(document.steps.map(({ load }: { load: number }) => load), [
    ...Array.from({ length: 10 }, (_, i) => 40 * (i + 1)),
  ]);
  assert.ok(
    document.steps.every(({ socketErrors }: { socketErrors: number }) => socketErrors === 0),
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("ktcp htstress --sweep --rate: takes fractions, and says what was not sent", async () => {
  await using server = startCounting(async () => {
    await sleep(100);
    return { bytes: response("hi") };
  });
  const { code, out, err } = await htstressHere(
    `-k -c 1 --rate 1 --sweep 7.5,200 --duration 300ms ${server.url}`,
  );
  assert.equal(code, 0, err);
  assert.match(err, /^requests\/s asked 7\.5: .* answered, not sent 0\n/m);
  assert.match(err, /^requests\/s asked 200: .* answered, not sent 5[678]\n/m);
  assert.match(out, /errors +not sent\n/);
  assert.match(out, /^knee: 7\.5 requests\/s asked/m, "what was in flight at the end is kept");
  assert.match(out, /^7\.5 .*\n200 .* 5[678]$/m);
});

Deno.test("ktcp htstress -d: shows requests and responses", async () => {
  await using server = startCounting();
  for (const mode of ["-n 1", "-n 1 -k"]) {
    const { err, out } = await htstress(`-d ${mode} ${server.url}`);
    assert.match(err, /GET \/ HTTP\/1\.[01]\r\nHost: [^]*HTTP\/1\.1 200 X\r\n[^]*hi/);
    assert.doesNotMatch(out, /GET/);
  }
});

Deno.test("ktcp htstress: sends methods, headers and bodies", async () => {
  await using server = startCounting();
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "from a file");
  const load = ["htstress", "-n", "1", server.url];
  await run([...load, "--header", "X-A: b c", "--body", "text"]);
  await run([...load, "-k", "--method", "PUT", "--body-file", file]);
  const [first, second] = server.seen;
  assert.deepEqual([first.method, first.body, first.fields.get("x-a")], ["POST", "text", "b c"]);
  assert.deepEqual([second.method, second.body], ["PUT", "from a file"]);
  await Deno.remove(file);
});
