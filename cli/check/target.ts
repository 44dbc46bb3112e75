/** The server that `ktcp check` judges: found by its name, started with `--exec`. */
import { messageOf } from "../../system/message_of.ts";
import { ECHO } from "../../bench/check/echo/protocol.ts";
import { httpProtocol } from "../../bench/check/http/protocol.ts";
import { ProcessTree } from "../../bench/check/process.ts";
import type { Kind } from "../../bench/check/suites.ts";
import { ServerSupervisor } from "../../bench/check/supervisor.ts";
import type { Target } from "../../bench/check/target.ts";
import { type HttpUrl, parseHttpUrl } from "../../bench/http/target.ts";
import { readHost } from "../../system/host.ts";
import { listenerPid } from "../../system/sockets/listening_processes.ts";
import { resolveHost } from "../../system/resolve.ts";
import { isThisMachine } from "../../system/this_machine.ts";
import { Failure, UsageError } from "../shared/failure.ts";
import type { CheckFlags } from "./options.ts";

/** A target; disposing of it stops what was started for it. */
export interface OpenedTarget extends AsyncDisposable {
  target: Target;
}

/**
 * Finds the server `text`, and starts it if `--exec` says so.
 *
 * @throws {UsageError} when `text` is not a target, or another machine's without `--allow-remote`
 * @throws {Failure} when its name cannot be resolved, or the server does not start
 */
export async function openTarget(
  kind: Kind,
  text: string,
  flags: CheckFlags,
  signal: AbortSignal,
): Promise<OpenedTarget> {
  const url = parse(kind, text);
  const [hostname] = await resolve(url, text);
  if (!flags.allowRemote && !isThisMachine(hostname)) {
    throw new UsageError(
      `'${text}' is another machine (${hostname}); judge only servers that are yours, and write ` +
        "--allow-remote to do so",
    );
  }
  const address = { hostname, port: url.port };
  const common = {
    kind,
    name: text,
    address,
    protocol: kind === "http" ? httpProtocol(url) : ECHO,
    timeoutMs: flags.timeout,
    signal,
  };
  if (flags.exec === undefined) {
    const process = processOf(address, flags.pid);
    return {
      target: { ...common, ...(process && { process }) },
      [Symbol.asyncDispose]: async () => {},
    };
  }
  const supervisor = await startServer(flags.exec, address);
  const target: Target = {
    ...common,
    supervisor,
    // A new process after each start.
    get process() {
      return supervisor.process;
    },
  };
  return { target, [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose]() };
}

/** @throws {UsageError} when there is no process `pid`; without it, one that is not found is no error */
function processOf(address: Target["address"], pid?: number): ProcessTree | undefined {
  const found = pid ?? listenerPid(address);
  if (found === undefined) return undefined;
  const process = new ProcessTree(found);
  if (pid !== undefined && !process.isRunning) {
    throw new UsageError(`--pid ${pid}: there is no such process on this machine`);
  }
  return process;
}

/** @throws {Failure} when the server does not start */
async function startServer(
  command: string,
  address: Target["address"],
): Promise<ServerSupervisor> {
  try {
    return await ServerSupervisor.start(command, address);
  } catch (error) {
    throw new Failure(`Cannot start the server: ${messageOf(error)}`);
  }
}

async function resolve({ host }: HttpUrl, text: string): Promise<string[]> {
  try {
    return await resolveHost(host, { where: ` in '${text}'` });
  } catch (error) {
    throw new Failure(messageOf(error));
  }
}

/** @throws {UsageError} */
function parse(kind: Kind, text: string): HttpUrl {
  try {
    if (kind === "http") {
      const url = parseHttpUrl(text);
      if (!url.isSecure) return url;
      throw new SyntaxError(`'${text}' uses TLS, which is not judged; name the http URL`);
    }
    const match = /^(?:\[([^\]]+)\]|([^:\s[\]/]+)):(\d{1,5})$/.exec(text);
    const port = Number(match?.[3]);
    if (!match || port < 1 || port > 65535) {
      throw new SyntaxError(
        `Not HOST:PORT: '${text}'; write it like 127.0.0.1:12345 or [::1]:12345`,
      );
    }
    const host = readHost(match[1] ?? match[2]);
    return { text, isSecure: false, host, port, authority: host.field, target: "/" };
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(error.message);
    throw error;
  }
}
