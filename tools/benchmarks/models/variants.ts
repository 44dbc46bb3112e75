/** What `bench:models` compares: models, each with the engines that make a difference to it. */
import type { Model } from "../../../servers/mod.ts";
import { engineArgs, engineLabel } from "../servers/engines.ts";

interface ModelVariant {
  model: Model;
  args?: string[];
  /** The engines that it is measured with; default: all. */
  engines?: readonly string[];
}

/** Their threads wait for one socket, or at one epoll instance, whichever Linux engine is named. */
const DENO_OR_EPOLL = ["deno", "epoll"];

/** By name; `per-core` also with one Worker, which is `single` and one more thread. */
const MODEL_VARIANTS: Readonly<Record<string, ModelVariant>> = {
  "single": { model: "single" },
  "per-core/1": { model: "per-core", args: ["--workers", "1"] },
  "per-core": { model: "per-core" },
  "shared-pool": { model: "shared-pool", engines: DENO_OR_EPOLL },
  "per-connection": { model: "per-connection", engines: DENO_OR_EPOLL },
};

/** Names of all models. */
export const VARIANT_NAMES: readonly string[] = Object.keys(MODEL_VARIANTS);

/** A row of the comparison. */
export interface Variant {
  /** As `single (epoll)`. */
  name: string;
  model: Model;
  engine: string;
  /** Options of the command line. */
  args: string[];
}

/** The rows for the models `names`, each with those of `engines` that make a difference to it. */
export function variantsOf(names: readonly string[], engines: readonly string[]): Variant[] {
  return names.flatMap((name) => {
    const { model, args = [], engines: own } = MODEL_VARIANTS[name];
    return engines.filter((engine) => own?.includes(engine) ?? true).map((engine) => ({
      name: engineLabel(name, engine),
      model,
      engine,
      args: ["--model", model, ...args, ...engineArgs(engine)],
    }));
  });
}
