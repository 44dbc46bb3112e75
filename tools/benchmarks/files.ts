/**
 * Compares static file servers: `deno task bench:files`, with `--engines` for those of ktcp.
 * `servers/compare.ts` says how.
 */
import { count } from "../../cli/shared/options.ts";
import { contenders } from "./files/servers.ts";
import {
  checkNames,
  compare,
  compareCommand,
  type CompareFlags,
  list,
  withScratch,
} from "./servers/compare.ts";
import { ENGINE_NAMES } from "./servers/engines.ts";

const SIZES: Record<string, number> = {
  "1k": 1024,
  "16k": 16 * 1024,
  "100k": 100 * 1024,
  "1m": 1024 ** 2,
  // More than ktcp keeps in memory.
  "64m": 64 * 1024 ** 2,
};

/** The connections that ask for the largest file: more would only wait for each other. */
const LARGE_BYTES = SIZES["64m"];
const LARGE_CONNECTIONS = 4;

interface Flags extends CompareFlags {
  connections: number;
  sizes: string[];
}

async function run(flags: Flags, scratch: string): Promise<void> {
  const root = `${scratch}/site`;
  await Deno.mkdir(root);
  for (const size of flags.sizes) {
    await Deno.writeFile(`${root}/${size}.bin`, new Uint8Array(SIZES[size]).fill(0x6b));
  }
  const loads = flags.sizes.map((name) => ({
    name,
    path: `/${name}.bin`,
    connections: SIZES[name] < LARGE_BYTES
      ? flags.connections
      : Math.min(flags.connections, LARGE_CONNECTIONS),
    contentBytes: SIZES[name],
  }));
  await compare(
    { task: "bench:files", contenders: contenders(root, flags.engines), loads, scratch },
    flags,
  );
}

await compareCommand("bench:files", {
  description: "Compares static file servers on one core.",
  engines: ["deno", "epoll", "io_uring"],
  baseline: "lighttpd",
})
  .addOption(
    count("--connections", `keep-alive connections; ${LARGE_CONNECTIONS} at most for 64m`, {
      max: 1000,
      default: 32,
    }),
  )
  .option("--sizes <list>", `of ${Object.keys(SIZES)}`, list, Object.keys(SIZES))
  .action(async (flags: Flags) => {
    checkNames("--engines", { names: flags.engines, known: ENGINE_NAMES });
    checkNames("--sizes", { names: flags.sizes, known: Object.keys(SIZES) });
    await withScratch((scratch) => run(flags, scratch));
  })
  .parseAsync(Deno.args, { from: "user" });
