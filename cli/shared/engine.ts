/** `--engine` and `--trigger`: which engine drives the sockets of a server. */
import { Option } from "commander";
import {
  DEFAULT_ENGINE,
  type EngineName,
  type EngineOptions,
  ENGINES,
  type Model,
  TRIGGERS,
} from "../../servers/mod.ts";
import { availableEngine } from "./available_engine.ts";
import { UsageError } from "./failure.ts";
import { printNote } from "./output.ts";

/** Values of the options. */
export interface EngineFlags {
  engine: EngineName;
  trigger?: EngineOptions["trigger"];
}

/** The options. */
export const ENGINE_OPTIONS: readonly Option[] = [
  new Option(
    "--engine <name>",
    "who waits for the sockets: the runtime (deno), or ktcp by system calls (Linux)",
  ).choices(ENGINES).default(DEFAULT_ENGINE.name),
  new Option(
    "--trigger <kind>",
    "when epoll reports a socket: when it becomes ready (edge) or as long as it is (level)",
  ).choices(TRIGGERS).default(undefined, DEFAULT_ENGINE.trigger),
];

/** What else is asked of the server, and not every engine can do. */
export interface EngineDemands {
  model: Model;
  isTls: boolean;
}

/** What to use instead. */
const INSTEAD = "use --engine deno";

/**
 * The engine to use: the one that was asked for, or epoll where the kernel refuses io_uring.
 *
 * @throws {UsageError} when it cannot do what is asked, or this system does not allow it
 */
export async function engineFor(
  { engine: name, trigger }: EngineFlags,
  { model, isTls }: EngineDemands,
): Promise<EngineOptions> {
  if (trigger !== undefined && name !== "epoll") {
    throw new UsageError(`option '--trigger' is for --engine epoll, not for '${name}'`);
  }
  const options = { name, trigger: trigger ?? DEFAULT_ENGINE.trigger };
  if (name === "deno") return options;
  const refuse = (why: string) => new UsageError(`option '--engine ${name}': ${why}; ${INSTEAD}`);
  if (isTls) throw refuse("it speaks no TLS");
  if (model === "shared-pool") return await poolEngine(name, trigger);
  return { ...options, name: await availableEngine(name, refuse) };
}

/**
 * The engine of model `shared-pool`, whose threads wait at one epoll instance.
 *
 * @throws {UsageError} when the engine has no instance that threads can share, or epoll is not allowed
 */
async function poolEngine(
  name: EngineName,
  trigger: EngineFlags["trigger"],
): Promise<EngineOptions> {
  const what = `option '--engine ${name}'`;
  if (name !== "epoll" && name !== "io_uring") {
    throw new UsageError(
      `${what}: threads of --model shared-pool cannot share it; use --engine epoll`,
    );
  }
  if (trigger === "level") {
    throw new UsageError(
      "option '--trigger level': --model shared-pool hands sockets over when they become ready; " +
        "use --trigger edge",
    );
  }
  await availableEngine("epoll", (why) => new UsageError(`${what}: ${why}; ${INSTEAD}`));
  if (name === "io_uring") {
    printNote("threads of --model shared-pool cannot share io_uring; epoll is used instead");
  }
  return { name: "epoll", trigger: "edge" };
}
