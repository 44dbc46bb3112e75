/** Builds the portable executable once, and runs it as people do: alone, from anywhere. */
import assert from "node:assert/strict";
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

/** How a run ended. */
export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where and as whom to run. */
export interface RunOptions {
  /** The whole environment. */
  env?: Record<string, string>;
  cwd?: string;
}

/** Runs `argv` to its end. */
export async function run(argv: string[], { env = {}, cwd = "/" }: RunOptions = {}): Promise<Run> {
  const { code, stdout, stderr } = await new Deno.Command(argv[0], {
    args: argv.slice(1),
    env,
    cwd,
    clearEnv: true,
    stdin: "null",
    signal: AbortSignal.timeout(RUN_TIMEOUT_MS),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A server that has printed its readiness line. */
export class RunningServer {
  #process: Deno.ChildProcess;
  readonly port: number;

  private constructor(process: Deno.ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** Starts the server `argv` and waits until it is ready. */
  static async start(argv: string[], { env = {}, cwd = "/" }: RunOptions = {}) {
    const process = new Deno.Command(argv[0], {
      args: argv.slice(1),
      env,
      cwd,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(RUN_TIMEOUT_MS),
    }).spawn();
    const { value } = await process.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    const port = Number(/^ktcp \w+: listening on 127\.0\.0\.1:(\d+)\n$/.exec(value ?? "")?.[1]);
    if (!port) assert.fail(`no readiness line: '${value}' ${await text(process.stderr)}`);
    return new RunningServer(process, port);
  }

  /** The body that it serves at `path`. */
  async get(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    assert.equal(response.status, 200);
    return await response.text();
  }

  /** Sends `signal` to the process that was started, and waits for its end. */
  async stop(signal: Deno.Signal): Promise<{ code: number; stderr: string }> {
    this.#process.kill(signal);
    const [stderr, { code }] = await Promise.all([
      text(this.#process.stderr),
      this.#process.status,
    ]);
    return { code, stderr };
  }
}

async function text(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return await new Response(stream).text();
}

/** The names in `dir`, hidden ones included, sorted. */
export function namesIn(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}
