/**
 * `deno task simulate`: runs simulations. A failing seed is shrunk and shown with its trace.
 */
import { parseArgs } from "node:util";
import { Random } from "../../servers/net/engines/simulated/random.ts";
import { type Plan, planOf, type Run, runPlan, type WorldName, WORLDS } from "./scenario.ts";
import { shrink } from "./shrink.ts";

const USAGE = `Usage: deno task simulate [--seed N | --minutes M | --connections N] [--world NAME]

  --seed N          run the simulation N, and print the digest of its trace
  --trace           with --seed: print the plan and the trace, too
  --minutes M       run simulations of new seeds for M minutes (default 1)
  --connections N   run simulations of new seeds until there were N connections to servers
  --from N          the first of these seeds (default: random)
  --no-shrink       only name a failing seed
  --world NAME      only ${WORLDS.join(", ")}
`;

/** A usage error: its text says what to write. */
class UsageError extends Error {}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new UsageError(`--${name} is '${text}'; write a whole number`);
}

/** The trace's last lines that are shown of a failure. */
const SHOWN_LINES = 60;

function show(plan: Plan, { lines }: Run): void {
  const { seed: _, events, ...rest } = plan;
  console.log(JSON.stringify(rest));
  for (const event of events) console.log(JSON.stringify(event));
  const left = lines.length - SHOWN_LINES;
  if (left > 0) console.log(`(${left} lines before)`);
  console.log(lines.slice(-SHOWN_LINES).join("\n"));
}

/** Shows why `plan` fails, with the smallest plan that fails in the same way. */
async function explain(plan: Plan, failure: string): Promise<void> {
  const small = await shrink(plan, failure);
  const run = await runPlan(small, { keepsLines: true });
  console.log(
    `of ${plan.events.length} events these ${small.events.length} suffice: ${run.failure}`,
  );
  show(small, run);
  console.log(`repeat it: deno task simulate --seed ${plan.seed} --world ${plan.world}`);
}

/** Which simulations to run. */
interface Choice {
  world: WorldName | undefined;
  shrinks: boolean;
}

async function one(
  seed: number,
  { world, shrinks, trace }: Choice & { trace: boolean },
): Promise<number> {
  const plan = planOf(seed, world);
  const run = await runPlan(plan, { keepsLines: trace });
  if (trace) show(plan, run);
  const outcome = run.failure === undefined ? "passes" : "fails";
  console.log(
    `seed ${seed} (${plan.world}) ${outcome}: ${run.events} events, ${run.connections} connections, ` +
      `digest ${run.digest}`,
  );
  if (run.failure === undefined) return 0;
  console.log(run.failure);
  if (shrinks) await explain(plan, run.failure);
  return 1;
}

async function many(
  { from, minutes, connections, world, shrinks }: Choice & {
    from: number;
    minutes: number;
    connections: number;
  },
): Promise<number> {
  const beginMs = performance.now();
  const endMs = beginMs + minutes * 60_000;
  let served = 0;
  let seed = from;
  for (; performance.now() < endMs && served < connections; ++seed) {
    const plan = planOf(seed, world);
    const run = await runPlan(plan);
    served += run.connections;
    if (run.failure === undefined) continue;
    const seconds = ((performance.now() - beginMs) / 1000).toFixed(1);
    console.log(`seed ${seed} (${plan.world}) fails after ${seconds} s: ${run.failure}`);
    if (shrinks) await explain(plan, run.failure);
    return 1;
  }
  const seconds = (performance.now() - beginMs) / 1000;
  console.log(
    `${seed - from} seeds from ${from} pass: ${served} connections in ${seconds.toFixed(1)} s, ` +
      `${Math.round(served / seconds)} a second`,
  );
  return 0;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string" },
      minutes: { type: "string" },
      connections: { type: "string" },
      from: { type: "string" },
      world: { type: "string" },
      trace: { type: "boolean", default: false },
      "no-shrink": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const world = values.world as WorldName | undefined;
  if (world !== undefined && !WORLDS.includes(world)) {
    throw new UsageError(`--world is '${world}'; write one of ${WORLDS.join(", ")}`);
  }
  const seed = wholeNumber("seed", values.seed);
  const choice = { world, shrinks: !values["no-shrink"] };
  if (seed !== undefined) return await one(seed, { ...choice, trace: values.trace });
  const connections = wholeNumber("connections", values.connections);
  return await many({
    from: wholeNumber("from", values.from) ?? new Random(Date.now()).word(),
    minutes: wholeNumber("minutes", values.minutes) ?? (connections === undefined ? 1 : Infinity),
    connections: connections ?? Infinity,
    ...choice,
  });
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  const { code } = error as { code?: string };
  if (!(error instanceof UsageError) && !code?.startsWith("ERR_PARSE_ARGS")) throw error;
  console.error(`simulate: ${(error as Error).message}\n\n${USAGE}`);
  Deno.exit(2);
}
