/**
 * Records the events of connections step by step, to be replayed in slow motion.
 *
 * The event methods of a traced connection are replaced on the object itself; the class, the
 * drivers and other connections are not touched. So a server that traces nothing runs the same code
 * as one without this file.
 */
import { type Core, inspectBlock } from "../../../core/mod.ts";
import type { Connection } from "../connection.ts";
import { type Driver, Want } from "../driver.ts";
import type { Service } from "../service.ts";
import type { ConnectionTrace, TraceBlock, TraceStep } from "./step.ts";

/** Most connections that are traced at once, and most steps kept of each. */
const MAX_TRACED = 8;
const MAX_STEPS = 2000;

/** A system call, or an operation of io_uring. */
export interface TracedCall extends Pick<TraceStep, "name" | "value" | "detail" | "error"> {
  kind: "call" | "operation";
  /** The socket; absent for calls that wait for all sockets. */
  fd?: number;
  /** When it began and ended, on the clock of `performance.now()`. */
  startMs: number;
  endMs: number;
}

/** What a tracer needs of its server. */
export interface TracedServer {
  core: Core;
  service: Service;
}

const WANTS: Record<Want, string> = {
  [Want.Receive]: "Receive",
  [Want.Send]: "Send",
  [Want.FinishWrite]: "FinishWrite",
  [Want.Await]: "Await",
  [Want.Close]: "Close",
};

/**
 * Events that return what the connection wants, and whether their argument is a number of bytes.
 */
const EVENTS = [
  ["start", false],
  ["received", true],
  ["refused", true],
  ["sent", true],
  ["fileEnded", false],
  ["finished", false],
  ["resumed", false],
  ["rejected", false],
  ["failed", false],
] as const;

/** Events that carry out what the connection wants by themselves. */
const ADVANCING = ["onTimeout", "endIfIdle", "close"] as const;

const PHASES = ["idle", "head", "content"];

/** The traces of one thread. */
export class Tracer {
  readonly #server: TracedServer;
  readonly #write: (trace: ConnectionTrace) => void;
  readonly #traces = new Set<Recording>();
  /** The last wait and the calls since then, which may have accepted the next connection. */
  #recent: TracedCall[] = [];

  /** @param write called with each connection's trace when it ends */
  constructor(server: TracedServer, write: (trace: ConnectionTrace) => void) {
    this.#server = server;
    this.#write = write;
  }

  /** Records a call made on this thread. */
  called(call: TracedCall): void {
    if (call.fd === undefined) this.#recent = [];
    this.#recent.push(call);
    for (const trace of this.#traces) trace.called(call);
  }

  /** Traces `connection`, which has not started yet. */
  watch(connection: Connection, driver: Driver): void {
    if (this.#traces.size >= MAX_TRACED) return;
    const trace = new Recording(this.#server, connection, driver);
    for (const call of this.#recent) trace.called(call);
    this.#traces.add(trace);
    trace.ended = () => {
      this.#traces.delete(trace);
      this.#write(trace.result);
    };
  }
}

/** The trace of one connection. */
class Recording {
  ended = () => {};
  readonly #server: TracedServer;
  readonly #connection: Connection;
  readonly #fd: number | undefined;
  readonly #steps: TraceStep[] = [];
  #isCut = false;
  #startMs = NaN;
  /** What the last event has returned; `advance` is called with it next. */
  #answered: Want | undefined;
  /** Whether one of `ADVANCING` is running. */
  #isAdvancing = false;
  #lastBlock = "";
  #isClosed = false;

  constructor(server: TracedServer, connection: Connection, driver: Driver) {
    this.#server = server;
    this.#connection = connection;
    this.#fd = driver.fd;
    for (const [name, isCount] of EVENTS) this.#watchEvent(name, isCount);
    for (const name of ADVANCING) {
      const event = connection[name].bind(connection);
      Object.assign(connection, {
        [name]: () => {
          this.#add({ kind: "event", name });
          this.#answered = undefined;
          this.#isAdvancing = true;
          event();
          this.#isAdvancing = false;
        },
      });
    }
    const advance = driver.advance.bind(driver);
    driver.advance = (want) => {
      // A driver that has nothing to do passes `Await` to itself.
      const isOwn = want === Want.Await && !this.#isAdvancing;
      if (want !== this.#answered && !isOwn) this.#wants(want);
      this.#answered = undefined;
      advance(want);
    };
    const end = connection.end.bind(connection);
    connection.end = () => {
      if (connection.isOver) return;
      this.#add({ kind: "event", name: "end" });
      end();
      this.ended();
    };
  }

  get result(): ConnectionTrace {
    return { steps: this.#steps, ...(this.#isCut && { isCut: true }) };
  }

  called({ kind, name, value, detail, error, fd, startMs, endMs }: TracedCall): void {
    if (fd !== undefined && fd !== this.#fd) return;
    // The wait that led to the connection may have been long, so time counts from its end.
    if (Number.isNaN(this.#startMs)) this.#startMs = endMs;
    const beganMs = Math.max(startMs, this.#startMs);
    this.#add({
      kind,
      name,
      ...(value !== undefined && { value }),
      ...(detail !== undefined && { detail }),
      ...(error !== undefined && { error }),
      ...(kind === "call" && { tookUs: Math.round((endMs - beganMs) * 1000) }),
    }, beganMs);
  }

  #watchEvent(name: (typeof EVENTS)[number][0], isCount: boolean): void {
    const connection = this.#connection;
    const event = connection[name].bind(connection) as (...args: unknown[]) => Want;
    Object.assign(connection, {
      [name]: (...args: unknown[]) => {
        const count = isCount ? args[0] as number : undefined;
        const arrived = name === "received" || name === "refused" ? count! : 0;
        this.#add({
          kind: "event",
          name,
          ...(count !== undefined && { value: count }),
          ...(name === "failed" && { error: String((args[0] as Error)?.message ?? args[0]) }),
          // Before `start`, there is nothing to see.
          ...(name !== "start" && this.#block(arrived)),
        });
        const want = event(...args);
        this.#answered = want;
        this.#wants(want);
        return want;
      },
    });
  }

  #wants(want: Want): void {
    this.#isClosed ||= want === Want.Close;
    const value = want === Want.Send ? this.#connection.outLength : undefined;
    this.#add({
      kind: "want",
      name: WANTS[want],
      ...(value !== undefined && { value }),
      ...this.#block(0, want === Want.Send),
    });
  }

  #add(step: Omit<TraceStep, "atUs">, nowMs = performance.now()): void {
    if (Number.isNaN(this.#startMs)) this.#startMs = nowMs;
    if (this.#steps.length >= MAX_STEPS) {
      this.#isCut = true;
      return;
    }
    this.#steps.push({ atUs: Math.round((nowMs - this.#startMs) * 1000), ...step });
  }

  /** The present block, if it has changed. */
  #block(arrived: number, isSending = false): { block?: TraceBlock } {
    const { core } = this.#server;
    const { conn } = this.#connection;
    const { input, consumed, scanned, parser, output } = inspectBlock(core, conn, arrived);
    const block: TraceBlock = {
      input: input.toBase64(),
      scanned,
      consumed,
      phase: this.#phase(),
      parser,
      output: this.#output(output, isSending).toBase64(),
    };
    const text = JSON.stringify(block);
    if (text === this.#lastBlock) return {};
    this.#lastBlock = text;
    return { block };
  }

  #phase(): string {
    const connection = this.#connection;
    if (this.#isClosed) return "closed";
    if (connection.isLingering) return "lingering";
    if (connection.isReceiving) return PHASES[this.#server.service.phase(connection.conn)];
    return connection.isAwaiting && !connection.isWriting ? "working" : "sending";
  }

  /** The output that is being sent, and what waits after it. */
  #output(
    blocks: { start: number; bytes: Uint8Array }[],
    isSending: boolean,
  ): Uint8Array<ArrayBuffer> {
    const connection = this.#connection;
    const rest = blocks.map(({ bytes }) => bytes);
    if (isSending && connection.outFile < 0) {
      const [first] = blocks;
      const offset = first === undefined ? -1 : connection.outStart - first.start;
      if (offset >= 0 && offset < first.bytes.length) rest[0] = first.bytes.subarray(offset);
      else rest.unshift(connection.output);
    }
    const all = new Uint8Array(rest.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const bytes of rest) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }
}
