/** Compares static file servers: `deno task bench:files`. How, says `servers/compare.ts`. */
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

const SIZES: Record<string, number> = {
  "1k": 1024,
  "16k": 16 * 1024,
  "100k": 100 * 1024,
  "1m": 1024 ** 2,
  "100m": 100 * 1024 ** 2,
};

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
    connections: flags.connections,
    contentBytes: SIZES[name],
  }));
  await compare({ kind: "file", contenders: contenders(root), loads, scratch }, flags);
}

await compareCommand("bench:files", "Compares static file servers on one core.")
  .addOption(count("--connections", "keep-alive connections", { max: 1000, default: 32 }))
  .option("--sizes <list>", `of ${Object.keys(SIZES)}`, list, Object.keys(SIZES))
  .action(async (flags: Flags) => {
    checkNames("--sizes", { names: flags.sizes, known: Object.keys(SIZES) });
    await withScratch((scratch) => run(flags, scratch));
  })
  .parseAsync(Deno.args, { from: "user" });
