/** `--engine` of the load clients: who drives their sockets. */
import { Option } from "commander";
import { CLIENT_ENGINES, type ClientEngine } from "../../bench/load/engine.ts";
import { availableEngine } from "./available_engine.ts";
import { UsageError } from "./failure.ts";

/** An engine, or the fastest one that the system and the target allow. */
export type ClientEngineChoice = "auto" | ClientEngine;

/** The option. */
export function clientEngineOption(): Option {
  return new Option(
    "--engine <name>",
    "who drives the sockets: the runtime (deno), ktcp by system calls (Linux), or the fastest of " +
      "them that system and target allow",
  ).choices(["auto", ...CLIENT_ENGINES]).default("auto");
}

/** The engines that make system calls, the fastest first. */
const FASTEST = ["io_uring", "epoll"] as const;

/**
 * The engine to use: the one that was asked for, or epoll where the kernel refuses io_uring.
 *
 * @param refusal why only the runtime reaches the target, as a part of a sentence; undefined when
 * system calls do, too
 * @throws {UsageError} when the one that was asked for cannot reach the target, or this system does
 * not allow it
 */
export async function clientEngineFor(
  choice: ClientEngineChoice,
  refusal?: string,
): Promise<ClientEngine> {
  if (choice === "deno" || choice === "auto" && refusal !== undefined) return "deno";
  const refuse = (why: string) =>
    new UsageError(`option '--engine ${choice}': ${why}; use --engine auto`);
  if (refusal !== undefined) throw refuse(refusal);
  if (choice !== "auto") return await availableEngine(choice, refuse);
  const { engineSupport } = await import("../../system/linux/engines.ts");
  return FASTEST.find((name) => engineSupport(name).isAvailable) ?? "deno";
}
