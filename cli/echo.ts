/** `ktcp echo`: the TCP echo server. */
import { Command, Option } from "commander";
import { DEFAULT_BUFFER_BYTES } from "../servers/mod.ts";
import { withNotes } from "./shared/help.ts";
import { addOptionGroups, formatSize, size } from "./shared/options.ts";
import {
  commonServerOptions,
  experimentOptions,
  limitOptions,
  listenOptions,
  runServer,
  type ServeFlags,
  STATS_OPTION,
  THREAD_OPTIONS,
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
  addOptionGroups(echo, {
    "Common options": [
      ...listenOptions("echo"),
      size(
        "--buffer",
        "a longer message goes back in pieces of at most this size, up to " +
          formatSize(MAX_BUFFER_BYTES),
        { min: 1, max: MAX_BUFFER_BYTES, default: DEFAULT_BUFFER_BYTES },
      ),
      new Option("-v, --verbose", "log connections and split messages on stderr"),
      STATS_OPTION,
    ],
    "Threads and engines": THREAD_OPTIONS,
    "Limits and timeouts": limitOptions("echo"),
    "Experiments": experimentOptions("echo"),
  });
  return withNotes(echo, {
    exit: { 1: "it cannot listen, or the listener failed" },
    examples: [
      ["ktcp echo", "on 127.0.0.1:12345; try it with 'nc localhost 12345'"],
      ["ktcp echo --port 7 --host 0.0.0.0", "the echo service (RFC 862), for other machines"],
      ["ktcp echo --buffer 20 --verbose", "show how long messages are split"],
    ],
  })
    .action(async (flags: EchoFlags) => {
      await runServer("echo", {
        ...await commonServerOptions(echo, flags),
        service: {
          kind: "echo",
          bufferBytes: flags.buffer,
          verbose: flags.verbose ?? false,
          work: messageWork(flags),
        },
      }, flags);
    });
}
