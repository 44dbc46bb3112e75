/**
 * Compares servers that answer "Hello World!" without looking at files: `deno task bench:hello`.
 * `servers/compare.ts` says how.
 */
import { NGINX_HELLO } from "../../cli/lab/nginx.ts";
import { compare, compareCommand, type CompareFlags, withScratch } from "./servers/compare.ts";
import { denoServe, ktcp, nginx } from "./servers/contender.ts";

const CONTENDERS = [
  ktcp(),
  nginx("nginx", { server: NGINX_HELLO }),
  denoServe(new URL("./hello/deno_serve.ts", import.meta.url)),
];

const LOADS = [
  { name: "32 connections", path: "/", connections: 32 },
  { name: "256 connections", path: "/", connections: 256 },
  { name: "32, 16 pipelined", path: "/", connections: 32, pipeline: 16 },
];

await compareCommand("bench:hello", `Compares servers that answer "Hello World!" on one core.`)
  .action((flags: CompareFlags) =>
    withScratch((scratch) =>
      compare({ kind: "load", contenders: CONTENDERS, loads: LOADS, scratch }, flags)
    )
  )
  .parseAsync(Deno.args, { from: "user" });
