/**
 * Compares servers that answer "Hello World!" without looking at files: `deno task bench:hello`, with
 * `--engines` for those of ktcp. `servers/compare.ts` says how.
 */
import { NGINX_HELLO } from "../../bench/processes/nginx_config.ts";
import {
  checkNames,
  compare,
  compareCommand,
  type CompareFlags,
  withScratch,
} from "./servers/compare.ts";
import { denoServe, ktcp, nginx } from "./servers/contender.ts";
import { ENGINE_NAMES } from "./servers/engines.ts";

const OTHERS = [
  nginx("nginx", { server: NGINX_HELLO }),
  denoServe(new URL("./hello/deno_serve.ts", import.meta.url)),
];

const LOADS = [
  { name: "1 connection", path: "/", connections: 1 },
  { name: "32 connections", path: "/", connections: 32 },
  { name: "256 connections", path: "/", connections: 256 },
  { name: "32, 16 pipelined", path: "/", connections: 32, pipeline: 16 },
];

/** Without select and poll, which cost more with each connection, even idle ones; `--engines` adds them. */
const ENGINES = ["deno", "epoll", "epoll-level", "io_uring"];

await compareCommand("bench:hello", {
  description: `Compares servers that answer "Hello World!" on one core.`,
  engines: ENGINES,
  baseline: "nginx",
})
  .action(async (flags: CompareFlags) => {
    checkNames("--engines", { names: flags.engines, known: ENGINE_NAMES });
    const contenders = [...flags.engines.map((engine) => ktcp(engine)), ...OTHERS];
    await withScratch((scratch) =>
      compare({ task: "bench:hello", contenders, loads: LOADS, scratch }, flags)
    );
  })
  .parseAsync(Deno.args, { from: "user" });
