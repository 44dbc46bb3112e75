/** `ktcp sockets drop`: drops one connection, those of a list, or those that pass a filter. */
import { Command, Option } from "commander";
import { LibcError, SystemError } from "../../system/linux/libc.ts";
import { formatPair, type Pair, parsePair } from "../../system/sockets/address.ts";
import { hasNetAdmin } from "../../system/sockets/capability.ts";
import {
  type DropCounts,
  DROPPABLE,
  type DropSelection,
  dropSockets,
  selectByFilter,
  selectByPairs,
} from "../../system/sockets/drop.ts";
import { formatList } from "./format.ts";
import { SockDiag } from "../../system/sockets/sock_diag.ts";
import type { State } from "../../system/sockets/state.ts";
import { Failure, UsageError } from "../shared/failure.ts";
import { type Notes, withNotes } from "../shared/help.ts";
import { addOptions } from "../shared/options.ts";
import { printJson, printNote, printResult } from "../shared/output.ts";
import { explainMissingCapability, explainRefusal } from "./refusal.ts";
import { portsOption, requireLinux, statesOption } from "./options.ts";
import { VERSION } from "../shared/version.ts";

/** The most bad lines, or pairs not found, that are named one by one. */
const MAX_NAMED = 10;

const FORM = '"127.0.0.1:36986 127.0.0.1:12345" or "[::1]:36986 [::1]:12345"';

const NOTES: Notes = {
  about: [
    "A pair is the local address, then the remote one; each line of standard input is a pair. If " +
    "a line is malformed nothing is dropped. Listening sockets are never dropped. Needs " +
    "CAP_NET_ADMIN (root).",
  ],
  exit: { 1: "the kernel refused, or a pair was not found" },
  examples: [
    ['sudo ktcp sockets drop "127.0.0.1:36986 127.0.0.1:12345"', "one connection"],
    ["sudo ktcp sockets drop --state time-wait --port 12345", "what a load run left behind"],
    ["ktcp sockets drop --state time-wait --dry-run", "see what would be dropped"],
    ["ss -Htan state time-wait | awk '{print $3, $4}' | sudo ktcp sockets drop", "a list of ss"],
  ],
};

interface DropOptions {
  state?: State[];
  port?: number[];
  dryRun?: true;
  json?: true;
}

/** Builds `ktcp sockets drop`. */
export function dropCommand(): Command {
  const drop = new Command("drop")
    .summary("drop connections: one, a list, or by filter")
    .description("Drops TCP connections, TIME-WAIT included, at once (SOCK_DESTROY).")
    .argument("[pair...]", `connections, as ${FORM}`);
  addOptions(drop, [
    statesOption(),
    portsOption(),
    new Option("-n, --dry-run", "list what would be dropped, and drop nothing"),
    new Option("--json", "one JSON document with the counts"),
  ]);
  return withNotes(drop, NOTES)
    .action(async (words: string[], _options: object, command: Command) => {
      requireLinux();
      // commander gives the options that drop shares with its parent to the parent.
      const options = command.optsWithGlobals() as DropOptions;
      refuseListOptions(options);
      const select = await chooseSelection(words, options);
      using diag = openSockDiag();
      const selection = select(diag);
      const counts = options.dryRun
        ? { dropped: 0, gone: 0, refused: 0 }
        : dropSockets(diag, selection.sockets);
      report(selection, counts, options);
    });
}

/** Refuses options of `ktcp sockets` that would be without effect here. */
function refuseListOptions(options: object): void {
  for (const name of ["listen", "list", "count", "watch", "explain"]) {
    if (name in options) throw new UsageError(`drop: --${name} does not go with drop`);
  }
}

/** How the sockets are to be found: by filter, by the pairs on the command line, or on stdin. */
async function chooseSelection(
  words: readonly string[],
  { state, port }: DropOptions,
): Promise<(diag: SockDiag) => DropSelection> {
  if (state === undefined && port === undefined) {
    const pairs = words.length > 0 ? parseWords(words) : parseLines(await readStdin());
    return (diag) => selectByPairs(diag, pairs);
  }
  if (words.length > 0) {
    throw new UsageError(`drop: give '${words[0]}' or a filter (--state, --port), not both`);
  }
  const states = new Set(state ?? DROPPABLE).intersection(DROPPABLE);
  if (states.size === 0) {
    throw new UsageError("drop: --state listening: only connections can be dropped");
  }
  return (diag) => selectByFilter(diag, { states, ports: new Set(port) });
}

/** Pairs on the command line, each quoted as one argument or written as two. */
function parseWords(words: readonly string[]): Pair[] {
  const addresses = words.join(" ").trim().split(/\s+/);
  const pairs: Pair[] = [];
  for (let index = 0; index < addresses.length; index += 2) {
    const text = addresses.slice(index, index + 2).join(" ");
    const pair = parsePair(text);
    if (!pair) throw new UsageError(`drop: '${text}' is not a pair of addresses; write ${FORM}`);
    pairs.push(pair);
  }
  return pairs;
}

async function readStdin(): Promise<string> {
  if (Deno.stdin.isTerminal()) {
    throw new UsageError(
      "drop: nothing to drop; give a pair, --state, --port, or lines on standard input",
    );
  }
  return await new Response(Deno.stdin.readable).text();
}

/** Pairs, one in a line; empty lines count for nothing. */
function parseLines(text: string): Pair[] {
  const pairs: Pair[] = [];
  const bad: string[] = [];
  text.split("\n").forEach((line, index) => {
    if (line.trim() === "") return;
    const pair = parsePair(line);
    if (pair) pairs.push(pair);
    else bad.push(`line ${index + 1}: '${line.trim()}'`);
  });
  if (bad.length > 0) {
    throw new UsageError(
      `drop: no pair of addresses in ${named(bad, "; ")}; write ${FORM}; nothing was dropped`,
    );
  }
  return pairs;
}

function openSockDiag(): SockDiag {
  try {
    return new SockDiag();
  } catch (error) {
    if (error instanceof LibcError) throw new Failure(`cannot drop: ${error.message}`);
    if (!(error instanceof SystemError)) throw error;
    throw new Failure(
      `cannot drop: no sock_diag (${error.message}); it needs a kernel with CONFIG_INET_DIAG, ` +
        "and a sandbox that permits AF_NETLINK",
    );
  }
}

function report(selection: DropSelection, counts: DropCounts, options: DropOptions): void {
  const { sockets, missing, swapped } = selection;
  const { dryRun = false, json } = options;
  const matched = sockets.length;
  const { dropped, refused } = counts;
  const notFound = missing.length + counts.gone;
  if (json) {
    const figures = { matched, dropped, notFound, refused, dryRun };
    printJson({ command: "sockets drop", version: VERSION, ...figures });
  } else {
    if (dryRun && matched > 0) printResult(`${formatList(sockets)}\n`);
    const summary = `matched ${matched}, dropped ${dropped}, not found ${notFound}`;
    printResult(`${summary}, refused ${refused}${dryRun ? " (dry run)" : ""}`);
  }
  if (missing.length > 0) {
    printNote(`ktcp sockets: drop: no connection ${named(missing.map(formatPair), "; ")}`);
    Deno.exitCode = 1;
  }
  if (swapped.length > 0) {
    printNote(
      `ktcp sockets: drop: the other end of ${named(swapped.map(formatPair), "; ")} is here; ` +
        "write the local address first",
    );
  }
  if (counts.refusal) throw new Failure(`drop: ${explainRefusal(counts.refusal, refused)}`);
  if (!dryRun && !hasNetAdmin()) throw new Failure(`drop: ${explainMissingCapability()}`);
}

/** The first of `items`, and how many more there are. */
function named(items: readonly string[], separator: string): string {
  const shown = items.slice(0, MAX_NAMED).join(separator);
  const more = items.length - MAX_NAMED;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
