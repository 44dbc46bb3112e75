/** Builds the portable executable once, and runs it as people do: alone, from anywhere. */
import assert from "node:assert/strict";
import { untilReady } from "../../bench/processes/ready_line.ts";
import { type Outcome, Process } from "../../system/process.ts";
import { compile, type Compiled } from "../../tools/compile.ts";

/** A run that takes longer is a fault; the first start unpacks 100 MB on a shared core. */
const RUN_TIMEOUT_MS = 30_000;

let built: Promise<Compiled> | undefined;

/** A directory of its own for a test, removed when the test ends. */
export class Sandbox implements Disposable {
  readonly dir: string = Deno.makeTempDirSync({ prefix: "ktcp-e2e-" });

  /** `names` below the directory. */
  path(...names: string[]): string {
    return [this.dir, ...names].join("/");
  }

  /** Makes a directory with `mode`. */
  mkdir(name: string, mode = 0o700): string {
    Deno.mkdirSync(this.path(name), { recursive: true });
    Deno.chmodSync(this.path(name), mode);
    return this.path(name);
  }

  [Symbol.dispose](): void {
    // A read-only directory keeps its owner from removing what is in it.
    for (const { name, isDirectory } of Deno.readDirSync(this.dir)) {
      if (isDirectory) new Deno.Command("chmod", { args: ["u+w", this.path(name)] }).outputSync();
    }
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** The executable, below `dir`. */
export function executable(dir: string): Promise<Compiled> {
  return built ??= compile(`${dir}/ktcp`, { portable: true });
}

/** Where and as whom to run. */
export interface RunOptions {
  /** The whole environment. */
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs `argv` to its end. */
export function run(argv: string[], options: RunOptions = {}): Promise<Outcome> {
  return start(argv, options).ended;
}

function start(argv: string[], { env = {}, cwd = "/" }: RunOptions): Process {
  return new Process(argv, { env, cwd, clearEnv: true, deadlineMs: RUN_TIMEOUT_MS });
}

/** A server that has printed its readiness line. */
export class RunningServer {
  #process: Process;
  readonly port: number;

  private constructor(process: Process, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** Starts the server `argv` and waits until it is ready. */
  static async start(argv: string[], options: RunOptions = {}): Promise<RunningServer> {
    const process = start(argv, options);
    const ready = await untilReady(process);
    if (ready === null) assert.fail(`no readiness line: '${JSON.stringify(await process.ended)}'`);
    return new RunningServer(process, ready.port);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What it has printed that matches `pattern`. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const match = await this.#process.untilOut(pattern);
    if (match === null) assert.fail(`it ended without ${pattern}`);
    return match;
  }

  /** Waits until it has printed on stderr what matches `pattern`. */
  async noted(pattern: RegExp): Promise<void> {
    if (await this.#process.untilErr(pattern) === null) assert.fail(`it ended without ${pattern}`);
  }

  /** The body that it serves at `path`. */
  async get(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    assert.equal(response.status, 200);
    return await response.text();
  }

  /** Sends `signal` to the process that was started, and waits for its end. */
  stop(signal: Deno.Signal): Promise<Outcome> {
    return this.#process.stop(signal, RUN_TIMEOUT_MS);
  }
}

/** The names in `dir`, hidden ones included, sorted. */
export function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}
