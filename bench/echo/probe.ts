/**
 * Tries one message before a run: whether the server echoes, pads what it sends back, or speaks
 * another protocol. Thousands of timeouts would not reveal that.
 */
import { messageOf } from "../../system/message_of.ts";
import type { Address } from "../../system/address.ts";
import { Answer } from "./answer.ts";

/** How a server answered one message. */
export type ProbeVerdict =
  /** It came back as it was sent. */
  | { kind: "echo" }
  /** It came back, followed by more. */
  | {
    kind: "padded";
    /** Length of the whole answer. */
    answerBytes: number;
    /** Whether an answer to a message of another size is as long. */
    isFixed: boolean;
    /** Whether the answer is the message several times. */
    isRepeated: boolean;
  }
  /** Something else came back; `answer` is how it starts, as text. */
  | { kind: "other"; answer: string }
  /** No connection, for another reason than that nobody listens. */
  | { kind: "unreachable"; reason: string }
  /**
   * Nobody listens, nothing arrived in time, or the answer is nearly an echo; the run will show
   * what it is.
   */
  | { kind: "unclear" };

/** Settings of a probe. */
export interface ProbeOptions {
  /** Bytes of a message. */
  sizeBytes: number;
  /** The message, if it is given. */
  text?: Uint8Array;
  /** The longest time for the connect, in ms. */
  timeoutMs: number;
}

/** The longest message that is sent whole before its echo is read. */
export const MAX_PROBE_BYTES = 16384;

/** Most bytes read of an answer. */
const MAX_ANSWER_BYTES = 1 << 20;

/** How long to wait for an answer, or the rest of one, in ms. */
const QUIET_MS = 500;

/** How long to wait for surplus bytes after a complete echo, in ms. */
const REST_MS = 100;

/** Most characters of an answer that are shown. */
const SHOWN_CHARS = 60;

/** Ends a line, and a head: servers of many protocols answer only then. */
const LINES_END = new TextEncoder().encode("\r\n\r\n");

/** Sends one message to the server at `target`. @returns what it did */
export async function probeEcho(target: Address, options: ProbeOptions): Promise<ProbeVerdict> {
  const { text, sizeBytes, timeoutMs } = options;
  const message = text?.subarray(0, MAX_PROBE_BYTES) ??
    probeMessage(Math.min(sizeBytes, MAX_PROBE_BYTES));
  const verdict = await tryMessage(target, message, timeoutMs);
  if (verdict.kind !== "padded") return verdict;
  const other = await tryMessage(target, probeMessage(message.length + 1), timeoutMs);
  const { answerBytes } = verdict;
  const isFixed = other.kind === "padded"
    ? other.answerBytes === answerBytes
    : other.kind === "echo" && message.length + 1 === answerBytes;
  return { ...verdict, isFixed };
}

/** A printable message without repetition, which ends with an empty line if it fits. */
function probeMessage(sizeBytes: number): Uint8Array {
  const message = Uint8Array.from({ length: sizeBytes }, (_, i) => 0x30 + (i * 31 + (i >> 6)) % 64);
  if (sizeBytes > LINES_END.length) message.set(LINES_END, sizeBytes - LINES_END.length);
  return message;
}

async function tryMessage(
  target: Address,
  message: Uint8Array,
  timeoutMs: number,
): Promise<ProbeVerdict> {
  let conn: Deno.Conn;
  try {
    conn = await connectWithin(target, timeoutMs);
  } catch (error) {
    const { ConnectionRefused, ConnectionReset } = Deno.errors;
    if (error instanceof ConnectionRefused || error instanceof ConnectionReset) {
      return { kind: "unclear" };
    }
    return { kind: "unreachable", reason: messageOf(error) };
  }
  const answer = new Answer(conn);
  try {
    await writeAll(conn, message);
    await answer.grow(message.length, QUIET_MS);
    if (answer.bytes.length === 0 && !answer.isOver) {
      // Servers of other protocols may wait for the end of a line, or of the input.
      await writeAll(conn, LINES_END);
      await conn.closeWrite();
      await answer.grow(MAX_ANSWER_BYTES, QUIET_MS);
    } else if (answer.bytes.length >= message.length) {
      await conn.closeWrite();
      await answer.grow(MAX_ANSWER_BYTES, REST_MS);
    }
  } catch {
    // Reset or closed: what arrived until then is judged.
  } finally {
    conn.close();
  }
  return verdictOn(message, answer.bytes);
}

/** What `answer` to `message` shows. Pure. */
export function verdictOn(message: Uint8Array, answer: Uint8Array): ProbeVerdict {
  const length = Math.min(message.length, answer.length);
  let equal = 0;
  for (let i = 0; i < length; i++) if (answer[i] === message[i]) equal++;
  if (equal === message.length) {
    if (answer.length === message.length) return { kind: "echo" };
    const isRepeated = answer.length % message.length === 0 &&
      answer.every((byte, i) => byte === message[i % message.length]);
    return { kind: "padded", answerBytes: answer.length, isFixed: false, isRepeated };
  }
  // If only a few bytes are wrong, it is a faulty echo, which the run counts.
  if (answer.length === 0 || equal * 2 >= length) return { kind: "unclear" };
  const [line] = new TextDecoder("latin1").decode(answer.subarray(0, 4 * SHOWN_CHARS)).trimStart()
    .split(/[\r\n]/, 1);
  const shown = line.replace(/[^\x20-\x7e]/g, ".").slice(0, SHOWN_CHARS);
  return { kind: "other", answer: shown };
}

async function connectWithin(target: Address, timeoutMs: number): Promise<Deno.Conn> {
  if ("path" in target) return await Deno.connect({ transport: "unix", path: target.path });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await Deno.connect({ ...target, autoSelectFamily: false, signal });
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${timeoutMs} ms`);
    throw error;
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
