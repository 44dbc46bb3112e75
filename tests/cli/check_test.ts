/** `ktcp check` as its users call it. */
import assert from "node:assert/strict";
import { freePort } from "../../system/address.ts";
import { serve } from "../../servers/mod.ts";
import { DEFAULT_LIMITS } from "../../core/mod.ts";
import { runMain } from "../support/run_main.ts";
import { serverOptions, SETUPS } from "../support/setups.ts";

Deno.test("check: usage errors name the option, the value and what to do", async () => {
  const table: [string[], RegExp][] = [
    [["check"], /missing required argument 'kind'/],
    [["check", "ftp", "x"], /'ftp'.*http, echo, list/],
    [["check", "http"], /no target given; write one like ktcp check http http:/],
    [["check", "http", "https://127.0.0.1/"], /'https:\/\/127\.0\.0\.1\/' uses TLS/],
    [["check", "echo", "127.0.0.1"], /Not HOST:PORT: '127\.0\.0\.1'/],
    [["check", "echo", "192.0.2.1:7"], /'192\.0\.2\.1:7' is another machine.*--allow-remote/],
    [["check", "http", "127.0.0.1:1", "--level", "may"], /'may'.*must, should, hardening/],
    [["check", "http", "127.0.0.1:1", "--only", "x"], /no case is left with --only 'x'/],
    [
      ["check", "echo", "127.0.0.1:1", "--pid", "4194304"],
      /--pid 4194304: there is no such process/,
    ],
    [["check", "list", "ftp"], /'ftp' is no kind of server/],
  ];
  for (const [args, message] of table) {
    const { code, out, err } = await runMain(args);
    assert.deepEqual([code, out], [2, ""], err);
    assert.match(err, message);
  }
});

Deno.test("check: a server that cannot be reached is a failure", async () => {
  const { code, err } = await runMain(["check", "http", `127.0.0.1:${freePort()}`]);
  assert.equal(code, 1);
  assert.match(err, /Cannot judge '127\.0\.0\.1:\d+': no connection: .*; start the server first/);
});

Deno.test("check --exec: a server that does not start is a failure, with what it printed", async () => {
  const command = "echo 'bad $PORT' >&2; exit 3";
  const { code, out, err } = await runMain([
    "check",
    "echo",
    `localhost:${freePort()}`,
    "--exec",
    command,
  ]);
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /Cannot start the server: .* ended \(exit code 3\) before .* it said: bad/);
});

Deno.test("check --exec: a server that crashes is started again, and the case that did it is named", async () => {
  const path = new URL("../bench/check/faulty/http_server.ts", import.meta.url).pathname;
  const { code, out } = await runMain([
    "check",
    "http",
    `127.0.0.1:${freePort()}`,
    "--exec",
    `exec '${Deno.execPath()}' run -q -A --no-check ${path} dies-on-reset`,
    "--only=robustness/reset",
    "--only=bytes/response/date",
    "--json",
  ]);
  const { cases, causes } = JSON.parse(out);
  const verdicts = Object.fromEntries(
    cases.map(({ id, verdict }: Record<string, string>) => [id, verdict]),
  );
  assert.equal(verdicts["bytes/response/date"], "pass");
  assert.equal(verdicts["robustness/reset/answered"], "fail");
  assert.equal(causes[0].id, "dies");
  assert.match(cases.at(-1).why, /ended|served/);
  assert.equal(code, 1);
});

Deno.test("check list: prints the cases that would be judged", async () => {
  const text = await runMain(["check", "list", "http", "--only", "stream"]);
  assert.match(text.out, /^stream\/cut\/every +must +a request cut at each place/m);
  const json = JSON.parse((await runMain(["check", "list", "--level", "must", "--json"])).out);
  assert.ok(json.cases.length > 100);
  assert.ok(json.cases.every(({ level }: { level: string }) => level === "must"));
});

Deno.test("check http: ktcp passes every case at every level, resources and bursts left out", async () => {
  const server = await serve({
    ...serverOptions(SETUPS[0]),
    service: { kind: "http", content: "hello", directory: { root: "." }, limits: DEFAULT_LIMITS },
    timeouts: { idleMs: 700, headMs: 5000, contentMs: 5000, lingerMs: 2000 },
  });
  try {
    const groups = ["bytes", "stream", "framing", "persistence"];
    const only = groups.flatMap((group) => ["--only", group]);
    const { code, out } = await runMain([
      "check",
      "http",
      `127.0.0.1:${server.port}`,
      "--level=hardening",
      "--json",
      ...only,
    ]);
    const { cases } = JSON.parse(out);
    const bad = cases.filter(({ verdict }: { verdict: string }) => verdict !== "pass")
      .map(({ id, why }: Record<string, string>) => `${id}: ${why}`);
    assert.deepEqual(bad, []);
    assert.equal(code, 0);
  } finally {
    await server.stop(5000);
  }
});
