/**
 * Worker entry: plays cases of `reset_cases.ts` in a network namespace of its own if permitted. It
 * gets one order after another, and answers each.
 */
import { messageOf } from "../../system/message_of.ts";
import { enterOwnNetwork } from "../../system/linux/network_namespace.ts";
import { counterGrowth, type CounterSources, readCounters } from "../../system/netstat.ts";
import { readProc } from "../../system/proc.ts";
import { RESET_CASES, type ResetCase, type ResetTally } from "./reset_cases.ts";

/** The kernel's counters. */
const COUNTERS = {
  resetsSent: ["Tcp", "OutRsts"],
  abortsOnClose: ["TcpExt", "TCPAbortOnClose"],
  abortsOnData: ["TcpExt", "TCPAbortOnData"],
  overflows: ["TcpExt", "ListenOverflows"],
} as const satisfies CounterSources<string>;

/** Growth of the kernel's counters during a case. */
export type ResetCounters = Record<keyof typeof COUNTERS, number>;

/** An order to the Worker. */
export type ResetOrder =
  | { kind: "prepare" }
  | { kind: "play"; name: ResetCase; connections: number; abortOnOverflow?: boolean };

/** Its answers: the first two are for `prepare` and `play`. */
export type ResetAnswer =
  | { kind: "prepared"; refusal: string | null }
  | { kind: "played"; tally: ResetTally; counters: ResetCounters | null }
  | { kind: "failed"; reason: string };

const worker = self as unknown as Worker;
let isApart = false;

worker.onmessage = ({ data }: MessageEvent<ResetOrder>) => {
  try {
    answer(data.kind === "prepare" ? prepare() : play(data));
  } catch (error) {
    answer({ kind: "failed", reason: messageOf(error) });
  }
};

function answer(message: ResetAnswer): void {
  worker.postMessage(message);
}

function prepare(): ResetAnswer {
  try {
    enterOwnNetwork();
    isApart = true;
    return { kind: "prepared", refusal: null };
  } catch (error) {
    return { kind: "prepared", refusal: (error as Error).message };
  }
}

function play({ name, connections, abortOnOverflow }: ResetOrder & { kind: "play" }): ResetAnswer {
  if (isApart && abortOnOverflow !== undefined) setAbortOnOverflow(abortOnOverflow);
  // Counters of a shared namespace would include other traffic.
  const read = () => isApart ? readCounters(COUNTERS, "/proc/thread-self/net") : null;
  const before = read();
  const tally = RESET_CASES[name](connections);
  return { kind: "played", tally, counters: counterGrowth(before, read()) };
}

/** The kernel's setting in this thread's namespace. */
const SETTING = "/proc/sys/net/ipv4/tcp_abort_on_overflow";

function setAbortOnOverflow(isOn: boolean): void {
  const value = isOn ? "1" : "0";
  Deno.writeTextFileSync(SETTING, value);
  if (readProc(SETTING)?.trim() !== value) throw new Error(`Cannot set ${SETTING} to ${value}`);
}
