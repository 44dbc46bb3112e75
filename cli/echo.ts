/** `ktcp echo`: the TCP echo server. */
import { Command } from "commander";
import { DEFAULT_BUFFER_BYTES } from "../servers/mod.ts";
import { formatSize, size } from "./shared/options.ts";
import {
  addServeOptions,
  commonServerOptions,
  runServer,
  type ServeFlags,
} from "./shared/serve.ts";
import { messageWork } from "./shared/work.ts";

interface EchoFlags extends ServeFlags {
  buffer: number;
  verbose?: boolean;
}

/** Largest `--buffer`: beyond it few connections fit into the core's memory. */
const MAX_BUFFER_BYTES = 1 << 20;

/** Builds the command. */
export function command(): Command {
  const echo = new Command("echo")
    .description("TCP echo server: sends back what it receives, byte for byte.");
  addServeOptions(echo, "echo");
  return echo
    .addOption(
      size(
        "--buffer",
        "a longer message goes back in pieces of at most this size, up to " +
          formatSize(MAX_BUFFER_BYTES),
        { min: 1, max: MAX_BUFFER_BYTES, default: DEFAULT_BUFFER_BYTES },
      ),
    )
    .option("-v, --verbose", "log connections and split messages on stderr")
    .addHelpText(
      "after",
      "\nExamples:\n  ktcp echo --port 7 --host 0.0.0.0\n  ktcp echo --buffer 20 --verbose",
    )
    .action(async (flags: EchoFlags) => {
      await runServer("echo", {
        ...await commonServerOptions(flags),
        service: {
          kind: "echo",
          bufferBytes: flags.buffer,
          verbose: flags.verbose ?? false,
          work: messageWork(flags),
        },
      }, flags);
    });
}
