/** The way in which the server under load runs. */
import { DEFAULT_ENGINE, type EngineOptions, type Model } from "../../servers/mod.ts";

/** A model, with an engine; by default the runtime's sockets. */
export interface Setup {
  model: Model;
  engine?: EngineOptions;
}

/** `setup` on the command line. */
export function setupArgs({ model, engine = DEFAULT_ENGINE }: Setup): string[] {
  const args = ["--model", model];
  if (engine.name !== DEFAULT_ENGINE.name) args.push("--engine", engine.name);
  if (engine.trigger !== DEFAULT_ENGINE.trigger) args.push("--trigger", engine.trigger);
  return args;
}
