/** The engines of ktcp that are compared: what each is called, and whether it can run here. */
import { messageOf } from "../../../system/message_of.ts";
import { engineFor } from "../../../cli/shared/engine.ts";
import type { EngineOptions, Model } from "../../../servers/mod.ts";
import { engineSupport } from "../../../system/linux/engines.ts";

/** The options for each engine, by its name in `--engines`. */
export const ENGINES: Readonly<
  Record<string, Partial<EngineOptions> & Pick<EngineOptions, "name">>
> = {
  deno: { name: "deno" },
  select: { name: "select" },
  poll: { name: "poll" },
  epoll: { name: "epoll" },
  "epoll-level": { name: "epoll", trigger: "level" },
  io_uring: { name: "io_uring" },
};

/** Names of all engines. */
export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

/** Options of the command line for `engine`. */
export function engineArgs(engine: string): string[] {
  const { name, trigger } = ENGINES[engine];
  return ["--engine", name, ...(trigger === undefined ? [] : ["--trigger", trigger])];
}

/** What a row of `server` with `engine` is called: `ktcp (epoll, level)`. */
export function engineLabel(server: string, engine: string): string {
  const { name, trigger } = ENGINES[engine];
  return `${server} (${[name, trigger ?? []].flat().join(", ")})`;
}

/** Why `engine` cannot run with `model` on this machine; undefined when it can. */
export async function engineRefusal(engine: string, model: Model): Promise<string | undefined> {
  const { name, trigger } = ENGINES[engine];
  if (name === "deno") return undefined;
  // Checked first, because a server falls back to epoll where it may not use io_uring.
  const { reason } = engineSupport(name);
  if (reason !== undefined) return reason;
  try {
    await engineFor({ engine: name, trigger }, { model, isTls: false });
  } catch (error) {
    return messageOf(error);
  }
}
