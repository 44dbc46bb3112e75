/**
 * On a terminal, no command stops to ask for a permission: each runs here in a pseudo terminal,
 * without the runtime's `--no-prompt`.
 */
import assert from "node:assert/strict";
import { launchServer, whyNot } from "../support/launch.ts";
import config from "../../deno.json" with { type: "json" };
import { FEWEST_SETUPS, possible, setupArgs } from "../support/setups.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const PROMPT = /Deno requests|Allow\? \[/;
const DEADLINE_MS = 20_000;

/** The discard service (RFC 863), which nobody runs: a port that was free may be another test's. */
const DISCARD = "9";

/** script(1) of util-linux: part of every Debian, other systems have other options. */
const reason = whyNot(["script", "-qec", "true", "/dev/null"]);

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Runs `ktcp` with `args` in a pseudo terminal. */
class InTerminal {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #text: Promise<string>;
  readonly #ready = Promise.withResolvers<number>();

  constructor(args: readonly string[], cwd?: string) {
    const words = [Deno.execPath(), "run", "--quiet", "-A", MAIN, ...args];
    // The shell must not stay: dash(1) would die of the Ctrl-C that the command takes.
    const line = `exec ${words.map(quote).join(" ")}`;
    this.#child = new Deno.Command("script", {
      args: ["-qec", line, "/dev/null"],
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(DEADLINE_MS),
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#text = this.#read();
    // Other commands do not listen.
    this.#ready.promise.catch(() => {});
  }

  async #read(): Promise<string> {
    let text = "";
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      const port = /listening on [^\n]*:(\d+)\r?\n/.exec(text)?.[1];
      if (port !== undefined) this.#ready.resolve(Number(port));
      // Nobody will answer.
      if (PROMPT.test(text)) await this.interrupt();
    }
    this.#ready.reject(new Error(`It ended before it listened: ${text}`));
    return text;
  }

  /** The port that a server says it listens on. @throws when it ends before */
  port(): Promise<number> {
    return this.#ready.promise;
  }

  /** Ctrl-C. */
  async interrupt(): Promise<void> {
    // When it has ended, nobody reads that.
    await this.#stdin.write(Uint8Array.of(3)).catch(() => {});
  }

  /** Waits for the end. */
  async ended(): Promise<{ code: number; text: string }> {
    const [text, { code }] = await Promise.all([this.#text, this.#child.status]);
    await this.#stdin.close().catch(() => {});
    return { code, text };
  }
}

async function check(args: string[], expected: number, cwd?: string): Promise<void> {
  const { code, text } = await new InTerminal(args, cwd).ended();
  assert.doesNotMatch(text, PROMPT, args.join(" "));
  assert.equal(code, expected, `${args.join(" ")}: ${text}`);
}

// A PNG is drawn from the SVG.
const FILES = ["--output", "o.txt", "--csv", "o.csv", "--plot", "o.png", "--gnuplot", "o.gp"];
const FEW = ["-t", "4", "-r", "1"];

/** Command lines that end by themselves. `PORT`: nobody listens; `ECHO`, `HTTP`: a server does. */
const COMMANDS: [line: string, code: number][] = [
  ["--version", 0],
  ["--help", 0],
  ["nonsense", 2],
  ["doctor", 0],
  ["doctor --json", 0],
  ["completions bash", 0],
  ["man", 0],
  ["sockets", 0],
  ["sockets --json", 0],
  ["sockets drop --dry-run 127.0.0.1:PORT 127.0.0.1:PORT", 1],
  [`bench ${FEW.join(" ")} --json`, 0],
  [`bench ${FEW.join(" ")} ${FILES.join(" ")}`, 0],
  [`bench ${FEW.join(" ")} --port ECHO`, 0],
  [`bench ${FEW.join(" ")} --port PORT`, 1],
  [`bench ${FEW.join(" ")} --unix nobody.sock`, 1],
  ["htstress -n 8 -c 2 http://127.0.0.1:HTTP/", 0],
  ["htstress -n 8 -c 2 -k --json http://localhost:HTTP/", 0],
  ["htstress -n 8 -c 2 http://127.0.0.1:PORT/", 1],
  ["htstress -n 1 --debug http://127.0.0.1:HTTP/", 0],
  ["lab list", 0],
  // It has Workers, and a process that starts again and again.
  ["lab spawn --quick", 0],
  ["http --port HTTP", 1],
  ["http --port PORT --dir nothing-here", 2],
  ["echo --unix no/such/folder", 1],
];

Deno.test({
  name: `in a terminal no command asks for a permission${reason ? ` (not here: ${reason})` : ""}`,
  ignore: reason !== undefined,
  async fn(t) {
    const folder = await Deno.makeTempDir({ prefix: "ktcp-terminal-" });
    const options = { deadlineMs: 5 * DEADLINE_MS };
    await using echo = await launchServer(["echo", "--model", "single"], options);
    await using http = await launchServer(["http", "--model", "single"], options);
    for (const [line, code] of COMMANDS) {
      await t.step(line, () => {
        const words = line.replaceAll("PORT", DISCARD).replaceAll(
          "ECHO",
          String(echo.port),
        )
          .replaceAll("HTTP", String(http.port)).split(" ");
        return check(words, code, folder);
      });
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: `in a terminal no server asks for a permission${reason ? ` (not here: ${reason})` : ""}`,
  ignore: reason !== undefined,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "ktcp-terminal-" });
    for (const setup of possible(FEWEST_SETUPS)) {
      for (const service of [["echo", "--verbose"], ["http", "--dir", ".", "--log", "json"]]) {
        const args = [...service, ...setupArgs(setup), "--port", "0", "--stats"];
        const server = new InTerminal(args, folder);
        const port = await server.port();
        if (service[0] === "http") {
          const { status } = await fetch(`http://127.0.0.1:${port}/missing`, {
            headers: { Connection: "close" },
          }).then(async (response) => (await response.body?.cancel(), response));
          assert.equal(status, 404);
        }
        await server.interrupt();
        const { code, text } = await server.ended();
        assert.doesNotMatch(text, PROMPT, args.join(" "));
        assert.equal(code, 0, text);
      }
    }
    await Deno.remove(folder);
  },
});

Deno.test("tasks that run ktcp forbid prompts", () => {
  for (const { command } of [config.tasks.ktcp, config.tasks.start]) {
    assert.match(command, / --no-prompt cli\/main\.ts/);
  }
});
