/**
 * One logical client of an echo run: it connects, sends messages and compares what comes back.
 *
 * A latency ends when the read that completes the echo returns. It does not include generating,
 * comparing and closing. After the last message the client sends its FIN and reads up to the
 * server's, because bytes that were never sent may still come.
 */
import { type EchoSlot, EchoVerdict } from "../../core/mod.ts";
import { ReadTurns } from "../../system/read_turns.ts";
import { closedKind, type FailureKind, failureKind } from "./errors.ts";
import type { EchoPlan } from "./plan.ts";
import type { EchoRecorder } from "./recorder.ts";
import { formatAddress } from "../../system/address.ts";
import { sleep } from "../../system/wait.ts";

/** What the clients of one Worker share. */
export interface EchoRun {
  readonly plan: EchoPlan;
  readonly recorder: EchoRecorder;
  /** Open loop: when message `sequence` of client `index` is due, on the clock of `performance`. */
  dueMs(index: number, sequence: number): number;
  /** Explains an echo that differs. */
  noteMismatch(text: string): void;
  /** Ends the run: this process or its machine, not the server, cannot go on. */
  abort(reason: string): void;
}

/**
 * A message up to this size is sent whole before its echo is read. A larger one could fill the
 * buffers of both directions while neither end reads, so its echo is read meanwhile.
 */
const MAX_SENT_FIRST_BYTES = 16384;

/** How long the server may take to answer the FIN before the connection is closed regardless. */
const DRAIN_MS = 200;

/** A logical client. */
export class EchoClient {
  readonly index: number;
  readonly #slot: EchoSlot;
  readonly #run: EchoRun;
  #conn: Deno.Conn | null = null;
  #turns!: ReadTurns;
  #connecting: AbortController | null = null;
  /** When the operation under way counts as failed; `Infinity` when there is none. */
  #deadlineMs = Infinity;
  #isExpired = false;
  /** When the read returned that completed the echo. */
  #echoedMs = 0;
  /** Open loop: how many messages may be sent, and the wait for the next. */
  #released = 0;
  #wake: (() => void) | null = null;

  constructor(index: number, slot: EchoSlot, run: EchoRun) {
    this.index = index;
    this.#slot = slot;
    this.#run = run;
  }

  /** Opens the connection of `round`. @returns whether there is one */
  async connect(round: number): Promise<boolean> {
    const { plan, recorder } = this.#run;
    this.#isExpired = false;
    this.#released = 0;
    this.#connecting = new AbortController();
    const { signal } = this.#connecting;
    const startMs = performance.now();
    this.#deadlineMs = startMs + plan.timeoutMs;
    try {
      this.#conn = await connectTo(plan, signal);
      this.#turns = new ReadTurns();
      recorder.connected(this.index, round, (performance.now() - startMs) * 1000);
      return true;
    } catch (error) {
      const kind = this.#kindOf(error, 0);
      if (kind) recorder.failed(this.index, round, 0, kind);
      return false;
    } finally {
      this.#connecting = null;
      this.#deadlineMs = Infinity;
    }
  }

  /** Exchanges the messages of `round` over the open connection, up to the first failure. */
  async exchange(round: number): Promise<void> {
    const conn = this.#conn;
    if (!conn) return;
    const { plan, recorder } = this.#run;
    for (let sequence = 0; sequence < plan.messages; sequence++) {
      let startMs = await this.#start(sequence);
      this.#slot.begin(this.index, round, sequence);
      const part = this.#slot.nextPart();
      const nowMs = performance.now();
      if (plan.ratePerSecond === null) startMs = nowMs;
      this.#deadlineMs = nowMs + plan.timeoutMs;
      let outcome = await this.#echo(conn, part, { round, sequence });
      this.#deadlineMs = Infinity;
      const us = (this.#echoedMs - startMs) * 1000;
      if (outcome === "ok" && sequence === plan.messages - 1 && !(await this.#isDrained(conn))) {
        this.#noteMismatch({ round, sequence }, 0);
        outcome = "mismatch";
      }
      if (outcome === "ok") recorder.succeeded(this.index, round, sequence, us);
      else {
        if (outcome) recorder.failed(this.index, round, sequence, outcome);
        break;
      }
    }
    this.#close();
  }

  /** Open loop: lets the next message go. */
  release(): void {
    this.#released++;
    this.#wake?.();
    this.#wake = null;
  }

  /** Ends the operation under way when its time is up at `nowMs`. */
  expire(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return;
    this.#deadlineMs = Infinity;
    this.#isExpired = true;
    this.#connecting?.abort();
    this.#close();
  }

  /** Waits until message `sequence` may start. @returns when it was due, in the open loop */
  async #start(sequence: number): Promise<number> {
    const { plan } = this.#run;
    if (plan.ratePerSecond === null) {
      if (plan.thinkMs > 0 && sequence > 0) {
        await sleep(plan.thinkMs);
      }
      return 0;
    }
    if (this.#released <= sequence) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#run.dueMs(this.index, sequence);
  }

  /** Sends the message whose first part is `part`, and reads its echo. @returns null after abort */
  async #echo(
    conn: Deno.Conn,
    part: Uint8Array,
    message: Message,
  ): Promise<"ok" | FailureKind | null> {
    try {
      if (part.length <= MAX_SENT_FIRST_BYTES) await writeAll(conn, part);
      else {
        // When it fails, so does the read, which tells why.
        this.#send(conn, part).catch(() => {});
      }
      return await this.#readEcho(conn, message);
    } catch (error) {
      return this.#kindOf(error, this.#slot.checkedBytes);
    }
  }

  async #send(conn: Deno.Conn, first: Uint8Array): Promise<void> {
    for (let part = first; part.length > 0; part = this.#slot.nextPart()) {
      await writeAll(conn, part);
    }
  }

  async #readEcho(conn: Deno.Conn, message: Message): Promise<"ok" | FailureKind> {
    const slot = this.#slot;
    for (;;) {
      const turn = this.#turns.ask();
      if (turn !== undefined) await turn;
      const count = await conn.read(slot.receiveView);
      this.#echoedMs = performance.now();
      if (count === null) return closedKind(slot.checkedBytes);
      const isStart = slot.checkedBytes === 0;
      const verdict = slot.check(count);
      if (verdict === EchoVerdict.Match) return "ok";
      if (verdict === EchoVerdict.Mismatch) {
        this.#noteMismatch(message, isStart ? count : 0);
        return "mismatch";
      }
    }
  }

  /** Sends the FIN and reads up to the server's. @returns whether nothing came before it */
  async #isDrained(conn: Deno.Conn): Promise<boolean> {
    this.#deadlineMs = performance.now() + DRAIN_MS;
    try {
      await conn.closeWrite();
      const count = await conn.read(this.#slot.receiveView);
      return count === null || this.#slot.check(count) !== EchoVerdict.Mismatch;
    } catch {
      // Reset, or no FIN in time: the echo was complete, and nothing followed it.
      return true;
    } finally {
      this.#deadlineMs = Infinity;
    }
  }

  /** Explains a mismatch; the receive view holds the first `count` bytes of the echo. */
  #noteMismatch({ round, sequence }: Message, count: number): void {
    const slot = this.#slot;
    const found = count > 0 ? slot.identify(count) : null;
    const isOther = found !== null && (found.client !== this.index ||
      found.round !== round >>> 0 || found.sequence !== sequence);
    const what = isOther
      ? `message ${found.sequence} of client ${found.client}, round ${found.round} came instead`
      : slot.mismatchAt === slot.sizeBytes
      ? `more than the ${slot.sizeBytes} bytes sent came back`
      : `byte ${slot.mismatchAt} of ${slot.sizeBytes} differs`;
    this.#run.noteMismatch(
      `client ${this.index}, round ${round}, message ${sequence}: ${what}`,
    );
  }

  /** The kind of failure of `error`; null, and the run is over, when it is not the server's. */
  #kindOf(error: unknown, receivedBytes: number): FailureKind | null {
    if (this.#isExpired) return "timeout";
    const kind = failureKind(error, receivedBytes);
    if (kind === null) {
      const reason = error instanceof Error ? error.message : String(error);
      const target = formatAddress(this.#run.plan.target);
      this.#run.abort(`Client ${this.index} cannot exchange messages with ${target}: ${reason}`);
    }
    return kind;
  }

  #close(): void {
    const conn = this.#conn;
    this.#conn = null;
    if (!conn) return;
    this.#turns.end();
    conn.close();
  }
}

/** Which message of a client. */
interface Message {
  round: number;
  sequence: number;
}

async function connectTo({ target }: EchoPlan, signal: AbortSignal): Promise<Deno.Conn> {
  if ("path" in target) return await Deno.connect({ transport: "unix", path: target.path });
  const conn = await Deno.connect({ ...target, autoSelectFamily: false, signal });
  // Otherwise a message in several writes would wait for acknowledgements (Nagle's algorithm).
  conn.setNoDelay(true);
  return conn;
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let written = await conn.write(bytes);
  while (written < bytes.length) written += await conn.write(bytes.subarray(written));
}
