/**
 * Puts every model under load and attack, at full size:
 *
 *     deno task soak [--model NAME] [--minutes N] [--attacks NAME,NAME…] [SCENARIO …]
 *
 * `--minutes` is the time of the attack on each model, half of one by default; ten find faults that
 * a short run cannot. `--attacks` names the attacks that are mixed, by default all.
 */
import { type Model, MODELS } from "../../servers/mod.ts";
import { ATTACKS } from "./attack/attacks.ts";
import { attack } from "./attack/scenario.ts";
import * as scenarios from "./scenarios.ts";

const args = [...Deno.args];

/** Takes an option and its value off the arguments. */
function take(name: string): string | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : args.splice(at, 2)[1] ?? "";
}

const model = take("--model");
const minutes = take("--minutes");
const attacks = take("--attacks")?.split(",");

/** The scenarios, and what their figures must keep. */
const SCENARIOS: Record<string, (model: string) => Promise<string>> = {
  "echo-storm": (model) => scenarios.echoStorm(model),
  "drain-downloads": (model) => scenarios.drainDownloads(model),
  "slow-clients": async (model) => {
    const { line, share, longestMs } = await scenarios.slowClients(model);
    if (share < 0.8) throw new Error(`${line}: less than 80 % is left`);
    if (longestMs > 15_000) throw new Error(`${line}: too late`);
    return line;
  },
  "few-descriptors": (model) => scenarios.fewDescriptors(model),
  "memory-growth": (model) => scenarios.memoryGrowth(model),
  "idle-connections": async (model) => {
    if (model !== "single" && model !== "per-core") return "has a budget in other models only";
    const { line, kibibytes } = await scenarios.idleConnections(model);
    if (kibibytes > 12) throw new Error(`${line}: more than 12`);
    return line;
  },
  attack: (model) => {
    const seconds = minutes === undefined ? undefined : Number(minutes) * 60;
    return attack(model, { seconds, attacks });
  },
};

const models = model === undefined ? MODELS : [model];
const names = args.length > 0 ? args : Object.keys(SCENARIOS);
const unknown = names.filter((name) => SCENARIOS[name] === undefined);
const isUsable = unknown.length === 0 && models.every((name) => MODELS.includes(name as Model)) &&
  (minutes === undefined || Number(minutes) > 0) &&
  (attacks ?? []).every((name) => Object.hasOwn(ATTACKS, name));
if (!isUsable) {
  console.error(
    `soak: scenarios are ${Object.keys(SCENARIOS).join(", ")}; --model takes one of ` +
      `${MODELS.join(", ")}; --minutes a number; --attacks some of ${Object.keys(ATTACKS).join()}`,
  );
  Deno.exit(2);
}
let failed = 0;
for (const name of names) {
  for (const model of models) {
    let result: string;
    try {
      result = `ok    ${await SCENARIOS[name](model)}`;
    } catch (error) {
      failed++;
      result = `FAILS ${error instanceof Error ? error.message : error}`;
    }
    console.log(`${name.padEnd(16)} ${model.padEnd(14)} ${result}`);
  }
}
Deno.exit(failed > 0 ? 1 : 0);
