/** `--writes`, `--nodelay`, `--nagle` and `--cork`: how the answers of a server are sent. */
import { Option } from "commander";
import { DEFAULT_SENDING, type EngineName, type SendOptions } from "../../servers/mod.ts";
import { UsageError } from "./failure.ts";
import { count } from "./options.ts";

/** Values of the options. */
export interface SendFlags {
  writes: number;
  nodelay?: boolean;
  nagle?: boolean;
  cork?: boolean;
}

/** The options. */
export const SEND_OPTIONS: readonly Option[] = [
  count("--writes", "send each answer in this many pieces, for experiments", {
    max: 10_000,
    default: DEFAULT_SENDING.writes,
  }),
  new Option("--nodelay", "send small segments at once (TCP_NODELAY); the default")
    .conflicts(["nagle", "unix"]),
  new Option("--nagle", "hold small segments back until an ACK comes (Nagle's algorithm)")
    .conflicts("unix"),
  new Option(
    "--cork",
    "hold small segments back until the answer is whole (TCP_CORK); not with --engine deno",
  ).conflicts("unix"),
];

/** How answers are sent. @throws {UsageError} when the engine cannot do it */
export function sendOptions(
  { writes, nagle = false, cork = false }: SendFlags,
  engine: EngineName,
): SendOptions {
  if (cork && engine === "deno") {
    throw new UsageError(
      "option '--cork': the engine deno cannot set TCP_CORK; use --engine epoll, or another " +
        "engine that makes system calls",
    );
  }
  return { writes, noDelay: !nagle, cork };
}
