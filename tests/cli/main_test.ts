import assert from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import config from "../../deno.json" with { type: "json" };
import { run } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

const names = COMMANDS.map(({ name }) => name);

Deno.test("ktcp --version prints the version on stdout", async () => {
  for (const flag of ["--version", "-V"]) {
    const { code, out, err } = await runMain([flag]);
    assert.deepEqual([code, err], [0, ""]);
    assert.ok(out.startsWith(`ktcp ${config.version} `) && out.endsWith(")\n"), out);
    assert.equal(out.trimEnd().split("\n").length, 1);
  }
});

Deno.test("ktcp --help names every command, on stdout", async () => {
  for (const flag of ["--help", "-h"]) {
    const { code, out, err } = await runMain([flag]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^Usage: ktcp <command> \[options\]\n/);
    assert.match(out, /^Examples:$/m);
    for (const { name, summary } of COMMANDS) {
      assert.match(out, new RegExp(`^ {2}${name} +${summary.slice(0, 20)}`, "m"));
    }
  }
});

Deno.test("ktcp help is --help, and ktcp help COMMAND that of the command", async () => {
  const pairs = [[["help"], ["--help"]], [["help", "sockets", "drop"], [
    "sockets",
    "drop",
    "--help",
  ]]];
  for (const [asked, meant] of pairs) {
    const [one, other] = [await runMain(asked), await runMain(meant)];
    assert.deepEqual(one, other);
    assert.match(one.out, /^Usage: ktcp /);
  }
  const { code, err } = await runMain(["help", "htpp"]);
  assert.equal(code, 2);
  assert.match(err, /unknown command 'htpp'; did you mean 'http'/);
});

for (const name of names) {
  Deno.test(`ktcp ${name} --help explains the options and how values are written`, async () => {
    const { code, out, err } = await runMain([name, "--help"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.ok(out.startsWith(`Usage: ktcp ${name} `), out);
    assert.equal(/[<[]time[>\]]/.test(out), /^Durations: .*5s/m.test(out));
    assert.equal(/<size>/.test(out), /^Sizes: .*64k/m.test(out));
    assert.doesNotMatch(out, /undefined|\[object/);
  });
}

Deno.test("ktcp echo --help and http --help show defaults in the units they are read in", async () => {
  const echo = await runMain(["echo", "--help"]);
  const http = await runMain(["http", "--help"]);
  const flat = (text: string) => text.replaceAll(/\s+/g, " ");
  for (const text of ["(default: 12345)", "(default: 4k)", "(default: 10s)", "(default: 1024)"]) {
    assert.ok(flat(echo.out).includes(text), text);
  }
  for (const text of ["(default: 8081)", "(default: 5s)", "(default: 8k)", "(default: 1m)"]) {
    assert.ok(flat(http.out).includes(text), text);
  }
});

/** Command lines that are wrong, and what the one line says: option, value, what to write. */
const USAGE_ERRORS: [args: string[], error: RegExp][] = [
  [["bogus"], /^ktcp: unknown command 'bogus'; commands: echo, http, bench/],
  [["Echo"], /^ktcp: unknown command 'Echo'; did you mean 'echo'\?$/m],
  [["htpp", "."], /^ktcp: unknown command 'htpp'; did you mean 'http'\?$/m],
  [["comp"], /^ktcp: unknown command 'comp'; did you mean 'completions'\?$/m],
  [["--port", "5", "echo"], /^ktcp: unknown option '--port'/],
  [["--verison"], /^ktcp: unknown option '--verison'; did you mean '--version'\?$/m],
  [["echo", "--nope"], /^ktcp echo: unknown option '--nope'/],
  [["echo", "--prot", "7"], /unknown option '--prot'; did you mean '--port'\?$/m],
  [["htstress", "--rat"], /unknown option '--rat'; did you mean '--rate'\?$/m],
  [["bench", "--trheads", "7"], /unknown option '--trheads'; did you mean '--threads'\?$/m],
  [["sockets", "drp"], /^ktcp sockets: unknown command 'drp'; did you mean 'drop'\?$/m],
  [
    ["http", "--engine", "epol"],
    /'epol' is invalid; did you mean 'epoll'\? \(choices: deno, .*\)$/m,
  ],
  [["http", "--model", "percore"], /'percore' is invalid; did you mean 'per-core'\? \(choices: /],
  [["http", "--log", "jsn"], /'jsn' is invalid; did you mean 'json'\? \(choices: short, common, /],
  [["http", "--wq-flags", "unbond"], /'unbond' is no flag; did you mean 'unbound'\?$/m],
  [["http", "--engine", "kqueue"], /'kqueue' is invalid; choices: deno, select, poll, epoll, /],
  [["lab", "nonsense"], /'nonsense' is not a lab; labs: list, all, models/],
  [["lab", "backlgo"], /'backlgo' is not a lab; did you mean 'backlog'\?$/m],
  [
    ["check", "htp", "x"],
    /'htp' is invalid for argument 'kind'; did you mean 'http'\? \(choices: /,
  ],
  [["check", "list", "http", "--only", "framng/*"], /no case is left .*; did you mean 'framing'\?/],
  [["completions", "zhs"], /'zhs' is invalid for argument 'shell'; did you mean 'zsh'\?/],
  [
    ["sockets", "--state", "timewait"],
    /'timewait' is no state; did you mean 'time-wait'\?$/m,
  ],
  [["man", "htt"], /^ktcp man: 'htt' is no command; did you mean 'http'\?$/m],
  [["man", "sockets", "nope"], /'nope' is no command of 'sockets'; commands: drop$/m],
  [["echo", "extra"], /too many arguments .*: extra\./],
  [["echo", "--port"], /option '-p, --port <port>' argument missing/],
  [["echo", "--port", "abc"], /--port <port>' argument 'abc' is invalid.*write 0 to 65535/],
  [["http", "-p", "65536"], /--port <port>' argument '65536' is invalid.*write 0 to 65535/],
  [["http", "-p", "-1"], /--port <port>' argument '-1' is invalid.*write 0 to 65535/],
  [["http", "--host", ""], /--host <host>' argument '' is invalid.*write one like 127/],
  [["echo", "-H", "::1]:80"], /--host <host>' argument '::1\]:80' is invalid.*like 127/],
  [["echo", "--unix", ""], /--unix <path>' argument '' is invalid.*name a file/],
  [["echo", "--unix", "/x", "--port", "7"], /--unix <path>' cannot be used with .*--port/],
  [["echo", "--unix", "/x", "--host", "::1"], /--unix <path>' cannot be used with .*--host/],
  [["echo", "--buffer", "0"], /--buffer <size>' argument '0' is invalid.*1 to 1m/],
  [["echo", "--buffer", "4x"], /--buffer <size>' argument '4x' is invalid.*4096, 64k or 1m/],
  [["echo", "--idle-timeout", "5"], /--idle-timeout <time>' argument '5'.*like 500ms, 5s/],
  [["http", "--grace", "soon"], /--grace <time>' argument 'soon'.*like 500ms, 5s/],
  [["http", "--backlog", "0"], /--backlog <n>' argument '0'.*from 1 to 65535/],
  [["http", "--max-connections", "1e9"], /--max-connections <n>' argument '1e9'.*from 1 to/],
  [["echo", "--workers", "0"], /--workers <n>' argument '0'.*from 1 to 256/],
  [["echo", "--model", "fork"], /--model <name>' argument 'fork'.*per-core, single, shared-pool/],
  [["http", "--max-body", "1t"], /--max-body <size>' argument '1t'.*like 4096, 64k or 1m/],
  [["http", "--max-request-line", "1"], /--max-request-line <size>' argument '1'.*64 to 16k/],
  [["http", "--log", "xml"], /--log <format>' argument 'xml'.*common, json, off/],
  [["http", "--dir"], /option '-d, --dir <directory>' argument missing/],
  [["http", "--dir", "/no/such/dir"], /option '--dir': there is no directory '\/no\/such\/dir'/],
  [["http", "--dir", "x".repeat(5000)], /option '--dir': cannot read 'x+': File name too long/],
  [["http", "--dir", "/x".repeat(3000)], /option '--dir': cannot read '[x/]+': File name too long/],
  [["http", "--dir", Deno.execPath()], /option '--dir': '.*' is not a directory/],
  [["http", "--dir", ".", "--echo"], /--dir <directory>' cannot be used with option '--echo'/],
];

for (const [args, error] of USAGE_ERRORS) {
  Deno.test(`ktcp ${args.join(" ")} is a usage error`, async () => {
    const { code, out, err } = await runMain(args);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, error);
    const [line, hint, ...rest] = err.split("\n");
    assert.match(line, /^ktcp( \w+)?: ./);
    assert.match(hint, /^Try 'ktcp( \w+)? --help'\.$/);
    assert.deepEqual(rest, [""], "one line and a hint");
  });
}

Deno.test("the process ends with main()'s code, and keeps stdout and stderr apart", async () => {
  const [help, none, wrong] = await Promise.all([
    run(["--help"]),
    run([]),
    run(["echo", "--port", "x"]),
  ]);
  assert.deepEqual([help.code, help.err], [0, ""]);
  assert.match(help.out, /^Usage: ktcp/);
  assert.deepEqual([none.code, none.err], [0, ""]);
  assert.match(none.out, /^To begin with:$/m);
  assert.deepEqual([wrong.code, wrong.out], [2, ""]);
});

Deno.test("ktcp --help into a pipe that nobody reads ends quietly", async () => {
  const main = new URL("../../cli/main.ts", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command("/bin/sh", {
    args: [
      "-c",
      '("$0" run --quiet -A "$1" http --help; echo "exit $?" >&2) | true',
      Deno.execPath(),
      main,
    ],
  }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stderr), "exit 0\n");
});
