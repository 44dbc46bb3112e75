/**
 * Compares servers that answer "Hello World!" without looking at files: `deno task bench:hello`.
 * How, says `bench_servers/compare.ts`.
 */
import { compare, compareCommand, type CompareFlags, withScratch } from "./servers/compare.ts";
import { denoServe, ktcp, nginx } from "./servers/contender.ts";

const CONTENDERS = [
  ktcp(),
  nginx("nginx", {
    http: "default_type text/plain;",
    server: `location / { return 200 "Hello World!\\n"; }`,
  }),
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
