/**
 * In which ways a server can run: a model with an engine. Suites are written once, and run for each
 * setup of a list.
 */
import type { EngineOptions, Model } from "../../servers/mod.ts";
import { DEFAULT_ENGINE, MODELS } from "../../servers/mod.ts";
import { blocksThread } from "../../servers/net/engine_options.ts";
import { engineSupport, type LinuxEngine } from "../../system/linux/engines.ts";

export { setupArgs } from "../../tools/soak/setup.ts";

/** A way to run a server. */
export interface Setup {
  /** What tests are named after. */
  label: string;
  model: Model;
  engine: EngineOptions;
}

/** The engines that make system calls, as the whole contract suite runs over them. */
const LINUX_ENGINES: readonly EngineOptions[] = [
  { ...DEFAULT_ENGINE, name: "select" },
  { ...DEFAULT_ENGINE, name: "poll" },
  { name: "epoll", trigger: "level" },
  { name: "epoll", trigger: "edge" },
  { ...DEFAULT_ENGINE, name: "io_uring" },
];

/** Those that suites run over which take longer. */
const FEW_LINUX_ENGINES: readonly EngineOptions[] = [
  { name: "epoll", trigger: "edge" },
  { ...DEFAULT_ENGINE, name: "io_uring" },
];

function setup(model: Model, engine: EngineOptions = DEFAULT_ENGINE): Setup {
  if (!blocksThread(engine)) return { label: model, model, engine };
  const trigger = engine.trigger === DEFAULT_ENGINE.trigger ? "" : ` ${engine.trigger}`;
  return { label: `${model}, ${engine.name}${trigger}`, model, engine };
}

/** Every model with the runtime's sockets. */
const DENO_SETUPS: readonly Setup[] = MODELS.map((model) => setup(model));

/** Each engine that makes system calls, with model `single`. */
export const LINUX_SETUPS: readonly Setup[] = LINUX_ENGINES.map((one) => setup("single", one));

/** A Worker for each connection, which blocks in recv(2): the same with each of these engines. */
const BLOCKING_SETUP = setup("per-connection", { ...DEFAULT_ENGINE, name: "epoll" });

/** Workers that wait together for sockets that are ready. */
export const POOL_SETUP = setup("shared-pool", { name: "epoll", trigger: "edge" });

/** All of them. */
export const SETUPS: readonly Setup[] = [
  ...DENO_SETUPS,
  ...LINUX_SETUPS,
  // The same loops, several of them.
  ...FEW_LINUX_ENGINES.map((one) => setup("per-core", one)),
  BLOCKING_SETUP,
  POOL_SETUP,
];

/**
 * Each way to listen and to share connections out, once: for suites in which it is the model that makes
 * the difference, and whether system calls are made.
 */
export const MODEL_SETUPS: readonly Setup[] = [
  ...DENO_SETUPS,
  ...(["single", "per-core"] as const).map((model) => setup(model, FEW_LINUX_ENGINES[0])),
  BLOCKING_SETUP,
  POOL_SETUP,
];

/** For suites that take long, or start a process for each setup. */
export const FEW_SETUPS: readonly Setup[] = [
  ...DENO_SETUPS,
  ...FEW_LINUX_ENGINES.map((engine) => setup("single", engine)),
  BLOCKING_SETUP,
  POOL_SETUP,
];

/**
 * For every case of the HTTP table: with its own buffers and its own order of events each of them can be
 * wrong in its own way.
 */
export const CASE_SETUPS: readonly Setup[] = SETUPS.filter(({ label }) =>
  ["single", "single, epoll", "single, io_uring"].includes(label)
);

/** For suites in which the engine makes little difference. */
export const FEWEST_SETUPS: readonly Setup[] = [
  ...DENO_SETUPS,
  setup("single", { ...DEFAULT_ENGINE, name: "epoll" }),
];

const reasons = new Map<string, string | undefined>();

/** Why this machine does not allow `setup`; undefined when it does. */
export function whyNotHere({ engine }: Setup): string | undefined {
  const { name } = engine;
  if (!blocksThread(engine)) return undefined;
  if (!reasons.has(name)) reasons.set(name, engineSupport(name as LinuxEngine).reason);
  return reasons.get(name);
}

/** Those of `setups` that this machine allows. */
export function possible(setups: readonly Setup[]): Setup[] {
  return setups.filter((setup) => whyNotHere(setup) === undefined);
}

/**
 * Calls `register`, which registers tests, for each setup that this machine allows. Each other one
 * is named by an ignored test, with the reason.
 */
export function forEachSetup(setups: readonly Setup[], register: (setup: Setup) => void): void {
  for (const setup of setups) {
    const reason = whyNotHere(setup);
    if (reason === undefined) register(setup);
    else Deno.test({ name: `${setup.label} (not here: ${reason})`, ignore: true, fn() {} });
  }
}

/** The part of a server's options that `setup` is. */
export function serverOptions({ model, engine }: Setup): Omit<Setup, "label"> {
  return { model, engine };
}

/** Steps that run at the same time cannot tell which one of them has left something open. */
const NOT_SANITIZED = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };

/** Runs steps that mostly wait, all at the same time. The test around them finds what they leave. */
export async function stepsAtOnce(
  t: Deno.TestContext,
  steps: Readonly<Record<string, (t: Deno.TestContext) => Promise<void>>>,
): Promise<void> {
  await Promise.all(
    Object.entries(steps).map(([name, fn]) => t.step({ name, fn, ...NOT_SANITIZED })),
  );
}
