/**
 * Puts every model through what a server has to stand, at full size:
 *
 *     deno task soak [--model NAME] [SCENARIO …]
 */
import { MODELS } from "../servers/mod.ts";
import * as scenarios from "./soak/scenarios.ts";

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
};

const args = [...Deno.args];
const at = args.indexOf("--model");
const models = at < 0 ? MODELS : args.splice(at, 2).slice(1);
const names = args.length > 0 ? args : Object.keys(SCENARIOS);
const unknown = names.filter((name) => SCENARIOS[name] === undefined);
if (unknown.length > 0 || models.length === 0) {
  console.error(`soak: scenarios are ${Object.keys(SCENARIOS).join(", ")}; --model takes a name`);
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
