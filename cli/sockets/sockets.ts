/** `ktcp sockets`: counts and lists TCP sockets; `ktcp sockets drop` stands in drop.ts. */
import { messageOf } from "../../system/message_of.ts";
import { Command, Option } from "commander";
import { countPorts, countStates } from "../../system/sockets/count.ts";
import { explainTimeWait } from "./explain.ts";
import type { SocketFilter } from "../../system/sockets/filter.ts";
import { formatCounts, formatList, formatListeners } from "./format.ts";
import { listSockets } from "../../system/sockets/list.ts";
import { readTimeWaitSettings } from "../../system/sockets/settings.ts";
import { localOf, remoteOf, type TcpSocket } from "../../system/sockets/socket.ts";
import { type State, STATE_GROUPS, STATES } from "../../system/sockets/state.ts";
import { Failure } from "../shared/failure.ts";
import { type Notes, withNotes } from "../shared/help.ts";
import { addOptionGroups } from "../shared/options.ts";
import { printJson, printNote, printResult } from "../shared/output.ts";
import { dropCommand } from "./drop.ts";
import { portsOption, requireLinux, statesOption } from "./options.ts";
import { parseInterval, watch } from "./watch.ts";
import { VERSION } from "../shared/version.ts";

const NOTES: Notes = {
  about: [
    "Without a filter, the sockets are counted per state and per port; with --state or --port " +
    'they are listed. "any, to 80" counts the clients on this machine whose remote port is 80.',
    `States: ${STATES.join(", ")}; and, as for ss, ${Object.keys(STATE_GROUPS).join(", ")}.`,
  ],
  exit: { 1: "the kernel lists no sockets" },
  examples: [
    ["ktcp sockets", "how many, in which state, at which port"],
    ["ktcp sockets --state time-wait", "what a load run left behind"],
    ["ktcp sockets --port 12345 --count", "one service, counted"],
    ["ktcp sockets --listen", "accept queues against their backlogs"],
    ["ktcp sockets --watch --port 12345", "live"],
    ["ktcp sockets --explain", "TIME-WAIT, with this machine's numbers"],
    ["sudo ktcp sockets drop --state time-wait --port 12345", "free the ports of a load run"],
  ],
};

interface SocketsFlags {
  state?: State[];
  port?: number[];
  listen?: boolean;
  list?: boolean;
  count?: boolean;
  /** In ms; true: the default. */
  watch?: number | true;
  json?: boolean;
  explain?: boolean;
}

/** Builds `ktcp sockets`. */
export function command(): Command {
  const sockets = new Command("sockets")
    .description("Shows the TCP sockets of this machine (Linux), IPv4 and IPv6.");
  addOptionGroups(sockets, {
    "Which sockets": [
      statesOption(),
      portsOption(),
      new Option("-l, --listen", "listening sockets with accept queue and backlog, as ss -ltn")
        .conflicts(["state", "count", "list"]),
    ],
    "How they are shown": [
      new Option("--list", "one line per socket, also without a filter"),
      new Option("--count", "the count table, also with a filter").conflicts("list"),
      new Option("-w, --watch [time]", "show it again every so often")
        .argParser(parseInterval).conflicts(["json", "explain"]).default(undefined, "1s"),
      new Option("--json", "one JSON document with counts and sockets"),
      new Option("--explain", "explain TIME-WAIT with the numbers of this machine")
        .conflicts(["state", "port", "listen", "list", "count", "json"]),
    ],
  });
  withNotes(sockets, NOTES)
    .action(async (options: SocketsFlags) => {
      requireLinux();
      if (options.explain) return void printResult(explain());
      const states: ReadonlySet<State> = new Set(
        options.listen ? ["listening"] : options.state ?? STATES,
      );
      const filter = { states, ports: new Set(options.port) };
      if (options.json) return printJson(toDocument(read(filter), filter));
      const isFiltered = options.state !== undefined || options.port !== undefined;
      const isList = options.list || (isFiltered && !options.count && !options.watch);
      const show = options.listen ? formatListeners : isList ? formatList : countTable;
      const draw = () => show(read(filter), filter);
      if (!options.watch) return void printResult(draw());
      await watch(draw, options.watch === true ? 1000 : options.watch);
    });
  sockets.addCommand(dropCommand());
  return sockets;
}

let hasNotedFallback = false;

function read(filter: SocketFilter): TcpSocket[] {
  try {
    const { sockets, fallbackReason } = listSockets(filter);
    if (fallbackReason !== undefined && !hasNotedFallback) {
      hasNotedFallback = true;
      printNote(
        `ktcp sockets: sock_diag is not available (${fallbackReason}); ` +
          "read from /proc/net/tcp, which does not show backlogs",
      );
    }
    return sockets;
  } catch (error) {
    throw new Failure(`cannot list TCP sockets: ${messageOf(error)}`);
  }
}

function countTable(sockets: readonly TcpSocket[], { states }: SocketFilter): string {
  return formatCounts(countStates(sockets, states), countPorts(sockets));
}

function explain(): string {
  const timeWait = read({ states: new Set(["time-wait"]), ports: new Set() });
  return explainTimeWait(timeWait.length, readTimeWaitSettings());
}

function toDocument(sockets: readonly TcpSocket[], { states }: SocketFilter) {
  return {
    command: "sockets",
    version: VERSION,
    counts: countStates(sockets, states),
    sockets: sockets.map((socket) => ({
      family: socket.family,
      local: localOf(socket),
      remote: remoteOf(socket),
      state: socket.state,
      recvQ: socket.recvQ,
      sendQ: socket.sendQ,
      uid: socket.uid,
      inode: socket.inode,
    })),
  };
}
