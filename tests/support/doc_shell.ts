/**
 * A shell as a reader of the documentation has one: in a folder of its own, with an empty home, `ktcp` on
 * its path, and a network of its own, in which every port is free.
 *
 * Namespaces of the kernel keep it apart from the machine: of users (it is root), networks, mounts (the
 * names of the pages stand in its /etc/hosts) and processes (they end with it, whatever they are). It reads
 * commands from a FIFO, one after the other, so that variables, jobs and descriptors last from one to the
 * next.
 */
import assert from "node:assert/strict";
import { Process } from "../../system/process.ts";
import { type DocCommand, shownPattern, withoutComment } from "./doc_commands.ts";
import { until } from "./until.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The longest wait for a command, in ms. */
const DEADLINE_MS = 60_000;

/** What a server says when it accepts connections, with its address. */
const LISTENING = /\blistening on ([\d.]+):(\d+)/i;

/** The names that the pages use, on the loopback address. */
const HOSTS = `127.0.0.1 localhost server server.example host1 host2 host3
::1 localhost
`;

/** Programs that the shell finds before those of the machine. */
const PROGRAMS = {
  ktcp: `exec deno run -q -A "${ROOT}cli/main.ts" "$@"`,
  // It finds what it has downloaded, although the home is empty.
  deno: `export DENO_DIR="${denoDir()}"; exec "${Deno.execPath()}" "$@"`,
  // The shell is root in its namespaces already.
  sudo: `exec "$@"`,
  // The browser: it leaves the address in a file.
  "xdg-open": `echo "$1" > opened`,
};

const NAMESPACES = [
  ...["unshare", "--user", "--map-root-user", "--net", "--mount"],
  ...["--pid", "--fork", "--mount-proc", "--kill-child"],
];

/** What the commands of a page cannot disturb: they share the variables of the shell. */
const SHELL = `
exec 2>&1
ip link set lo up && mount --bind ../hosts /etc/hosts && mkfifo ../commands || exit
echo ready
exec 9< ../commands
for ((ktcp_step = 1;; ++ktcp_step)); do
  IFS= read -r -d "" -u 9 ktcp_command || exit
  eval "$ktcp_command"
  printf '\\n<%d: %d>\\n' $ktcp_step $?
done`;

/**
 * Sends a request and prints the first line of the answer, which an HTTP server ends by closing. All of
 * it is read: the close is a reset otherwise, which the server would count as an error.
 */
function request(host: string, port: string): string {
  return `exec 8<> /dev/tcp/${host}/${port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&8
    IFS= read -r -t 20 -u 8 line
    case $line in GET*) read -r -u 8 ;; *) cat <&8 > /dev/null ;; esac
    exec 8>&-
    printf %s "$line"`;
}

/** How a command ended. */
export interface Answer {
  code: number;
  /** Its stdout and stderr. */
  out: string;
}

/** What is expected of a command. */
export interface Expectation {
  /** Its exit code is one of these. Default: 0. */
  codes?: readonly number[];
  /** The longest that it may take, in ms. Default: 60,000. */
  deadlineMs?: number;
}

/** A server that was started in a shell. */
interface Server {
  text: string;
  pid: string;
}

/** A shell in namespaces of its own. */
export class DocShell implements AsyncDisposable {
  /** Its current folder. */
  readonly folder: string;
  readonly #parent: string;
  readonly #shell: Process;
  readonly #commands: Deno.FsFile;
  #servers: Server[] = [];
  #count = 0;
  #started = 0;
  #isGone = false;
  /** Where the output of the next command begins. */
  #at: number;

  private constructor(parent: string, shell: Process, commands: Deno.FsFile) {
    this.#parent = parent;
    this.folder = `${parent}/work`;
    this.#shell = shell;
    this.#commands = commands;
    this.#at = shell.out.length;
  }

  /** @returns why there can be none here, in a text */
  static async open(): Promise<DocShell | string> {
    if (Deno.build.os !== "linux") return "namespaces take Linux";
    const parent = await Deno.makeTempDir({ prefix: "ktcp-docs-" });
    for (const name of ["work", "bin", "home"]) await Deno.mkdir(`${parent}/${name}`);
    for (const [name, text] of Object.entries(PROGRAMS)) {
      await Deno.writeTextFile(`${parent}/bin/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    await Deno.writeTextFile(`${parent}/hosts`, HOSTS);
    await Deno.copyFile(`${ROOT}LICENSE`, `${parent}/work/LICENSE`);
    let reason: string;
    try {
      const shell = new Process([...NAMESPACES, "bash", "-c", SHELL], {
        cwd: `${parent}/work`,
        env: {
          PATH: `${parent}/bin:${Deno.env.get("PATH")}`,
          HOME: `${parent}/home`,
          NO_COLOR: "1",
        },
      });
      if (await shell.untilOut(/^ready\n/m) !== null) {
        return new DocShell(parent, shell, await Deno.open(`${parent}/commands`, { write: true }));
      }
      const { out, err } = await shell.ended;
      reason = (out + err).trim();
    } catch (error) {
      reason = (error as Error).message;
    }
    await Deno.remove(parent, { recursive: true });
    return `no namespaces: ${reason}`;
  }

  /** @returns why there can be none here; undefined: there can */
  static async whyNone(): Promise<string | undefined> {
    const shell = await DocShell.open();
    if (typeof shell === "string") return shell;
    await shell[Symbol.asyncDispose]();
  }

  /**
   * Runs `command` to its end.
   *
   * @throws {Error} when it takes longer than `deadlineMs`; the shell is gone then
   */
  async run(command: string, deadlineMs = DEADLINE_MS): Promise<Answer> {
    if (this.#isGone) throw new Error(`${command}: an earlier command has ended the shell`);
    const end = new RegExp(`\n<${++this.#count}: (\\d+)>\n`);
    const bytes = new TextEncoder().encode(`${command}\0`);
    for (let at = 0; at < bytes.length;) at += await this.#commands.write(bytes.subarray(at));
    const timer = setTimeout(() => this.#shell.signal("SIGKILL"), deadlineMs);
    const match = await this.#shell.untilOut(end);
    clearTimeout(timer);
    const out = this.#shell.out.slice(this.#at, match?.index);
    if (match === null) {
      this.#isGone = true;
      throw new Error(`${command}: no end within ${deadlineMs} ms: ${out}`);
    }
    this.#at = match.index + match[0].length;
    return { code: Number(match[1]), out };
  }

  /**
   * Starts a server, waits until it says that it listens and has printed what matches `pattern`, and has
   * it answer a request.
   */
  async serve(text: string, pattern: RegExp = /(?:)/): Promise<void> {
    const file = `${this.#parent}/server${++this.#started}`;
    await Deno.writeTextFile(file, "");
    // With job control it leads a process group, to which a signal goes as Ctrl-C sends it.
    const { out: pid } = await this.run(`set -m; ${text} > ${file} 2>&1 & set +m; printf %s $!`);
    this.#servers.push({ text, pid });
    const said = () => Deno.readTextFileSync(file);
    await until(
      () => LISTENING.test(said()) && pattern.test(said()),
      () => `${text}: it printed ${said()}`,
    );
    const [, host, port] = LISTENING.exec(said())!;
    const { out } = await this.run(request(host, port));
    // An echo server answers with the request.
    assert.match(out, /^(?:HTTP\/1\.[01] \d|GET \/)/, `${text} answers`);
  }

  /** Ends the servers as Ctrl-C does. @throws {AssertionError} when one does not exit with 0 */
  async endServers(): Promise<void> {
    for (const { text, pid } of this.#servers.splice(0)) {
      const { code, out } = await this.run(`kill -INT -- -${pid} && wait ${pid}`);
      assert.equal(code, 0, `${text}, after SIGINT: ${out}`);
    }
  }

  /**
   * Does what a command of a page says, and compares what the page shows. A server goes on until the next
   * one starts, or until `endServers`.
   */
  async follow({ place, text, shown }: DocCommand, expected: Expectation = {}): Promise<void> {
    const { codes = [0], deadlineMs } = expected;
    const pattern = shown.length === 0 ? undefined : shownPattern(shown);
    const command = withoutComment(text);
    if (isServer(command) && codes.includes(0)) {
      await this.endServers();
      await this.serve(command.replace(/\s*&$/, ""), pattern);
      return;
    }
    const { code, out } = await this.run(command, deadlineMs);
    assert.ok(codes.includes(code), `${place}: ${text}: it ended with ${code}: ${out}`);
    assert.ok(pattern?.test(out) ?? true, `${place}: ${text}: it printed ${out}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#commands.close();
    await this.#shell[Symbol.asyncDispose]();
    await Deno.remove(this.#parent, { recursive: true });
  }
}

/** Where the `deno` in use keeps what it has downloaded and compiled. */
function denoDir(): string {
  const { DENO_DIR, XDG_CACHE_HOME, HOME } = Deno.env.toObject();
  return DENO_DIR ?? `${XDG_CACHE_HOME ?? `${HOME}/.cache`}/deno`;
}

/** Whether a command serves until it is told to end. */
function isServer(command: string): boolean {
  return /&$|(?:^|\s)ktcp (?:echo|http|play)\b(?!.*[|;])/.test(command);
}
