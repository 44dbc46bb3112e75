/** `--wq-flags`: how the workqueue of a pool model is allocated. */
import { InvalidArgumentError, Option } from "commander";
import {
  type EngineName,
  type Model,
  sharesMemory,
  WQ_CPU_INTENSIVE,
  WQ_FLAGS,
  WQ_FREEZABLE,
  WQ_UNBOUND,
} from "../../servers/mod.ts";
import { UsageError } from "./failure.ts";
import { suggestion } from "./nearest.ts";
import { printNote } from "./output.ts";
import { offering } from "./values.ts";

/** Values of the option. */
export interface WqFlags {
  /** `WQ_…`, combined with `|`. */
  wqFlags?: number;
}

const NAMES = Object.keys(WQ_FLAGS);

/** Parses `unbound,highpri`, or `0` for none, to `WQ_…`. */
export function parseWqFlags(text: string): number {
  if (text === "0") return 0;
  return text.split(",").reduce((flags, name) => {
    if (Object.hasOwn(WQ_FLAGS, name)) return flags | WQ_FLAGS[name];
    const hint = suggestion(name, NAMES) ||
      `; write 0 (a bound queue), or some of ${NAMES.join(",")}.`;
    throw new InvalidArgumentError(`'${name}' is no flag${hint}`);
  }, 0);
}

/** The option. */
export const WQ_FLAGS_OPTION: Option = offering(
  new Option(
    "--wq-flags <flags>",
    "flags of the workqueue of shared-pool and per-connection: 0 for a bound queue, or some, " +
      `with commas between, of ${NAMES.join(", ")}`,
  ).argParser(parseWqFlags).default(undefined, "unbound"),
  ["0", ...NAMES],
);

/**
 * The flags that were asked for.
 *
 * @throws {UsageError} when `model` has no queue that they concern, or cannot have it with `engine`
 */
export function wqFlagsFor(
  { wqFlags }: WqFlags,
  { model, engine }: { model: Model; engine: EngineName },
): number | undefined {
  if (wqFlags === undefined) return undefined;
  if (!sharesMemory(model)) {
    throw new UsageError(
      `option '--wq-flags' is for --model shared-pool and per-connection, not for '${model}'`,
    );
  }
  if (model === "shared-pool" && engine !== "deno" && (wqFlags & WQ_UNBOUND) === 0) {
    throw new UsageError(
      `option '--wq-flags': with --engine ${engine} a socket that is ready goes to any Worker, so ` +
        "the queue is unbound; use --engine deno for a bound one",
    );
  }
  if ((wqFlags & WQ_UNBOUND) !== 0 && (wqFlags & WQ_CPU_INTENSIVE) !== 0) {
    printNote("cpu_intensive changes nothing for an unbound queue, here as in the kernel");
  }
  if ((wqFlags & WQ_FREEZABLE) !== 0) {
    printNote("freezable changes nothing: a server never freezes its queue");
  }
  return wqFlags;
}
