/**
 * The only writer to stderr: access log, notes, statistics, errors. The log may go to a separate
 * file instead, under the same rules.
 *
 * A short-lived command writes at once and blocks if its reader is slow, like any filter. A server
 * must not block, so it calls {@linkcode LineWriter.buffer} first. From then on at most one
 * write(2) is in flight, on a thread of the runtime, and lines printed meanwhile wait in a bounded
 * buffer. A pipe gets pieces of whole lines that its other writers cannot mix with theirs
 * (PIPE_BUF). When the buffer is full, whole lines are dropped and counted until all waiting ones
 * are written; then a line tells how many are missing. Errors of stderr (a full disk, a reader that
 * went away) never reach the caller: lines that cannot be written count as dropped.
 */
import { settledWithin, sleep } from "./wait.ts";

/** Most bytes of log lines that may wait. */
const MAX_LOG_BYTES = 1 << 20;

/** Further bytes that only notes may use when the log is full. */
const MAX_NOTE_BYTES = 1 << 16;

/** Bytes that are gathered for one write(2). */
const WRITE_BYTES = 1 << 16;

/** Delay before the next attempt, in ms, if a non-blocking descriptor accepts nothing now. */
const RETRY_MS = 10;

/** At the end, a reader that accepts nothing for this time is given up, in ms. */
const STALL_MS = 1000;

const LINE_FEED = 10;
const encoder = new TextEncoder();

/** The destination of the bytes, such as `Deno.stderr`. */
export interface Sink {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  /**
   * Most bytes that a write adds atomically while other processes write, too; no limit by default.
   */
  readonly unbrokenBytes?: number;
}

/** If a pipe has other writers, a write of up to this many bytes is not mixed with theirs. */
const PIPE_BUF = Deno.build.os === "linux" ? 4096 : 512;

/** Writes whole lines. */
export class LineWriter {
  readonly #sink: Sink;
  /** The sink's name in messages. */
  readonly #name: string;
  #logs: LineWriter | undefined;
  #isBuffered = false;
  /** Waiting bytes, including the write in flight. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Whether lines were dropped, and those that waited then have not been written yet. */
  #isFull = false;
  /** Whether the reader is gone. */
  #isClosed = false;
  #dropped = 0;
  /** Dropped lines that have not been reported yet. */
  #untold = 0;
  /** Whether the last write ended within a line. */
  #isCut = false;
  /** Most bytes of a write with more than one line. */
  #pieceBytes = Infinity;
  /** Completed writes. */
  #writes = 0;
  #writing: Promise<void> | undefined;

  constructor(sink: Sink, name = "stderr") {
    this.#sink = sink;
    this.#name = name;
  }

  /** Directs the log to `writer` from now on; notes stay here. */
  set logs(writer: LineWriter) {
    this.#logs = writer;
  }

  /** Lines that were dropped so far. */
  get dropped(): number {
    return this.#dropped + (this.#logs?.dropped ?? 0);
  }

  /** From now on lines wait in memory, and callers do not block. */
  buffer(): void {
    this.#isBuffered = true;
    this.#pieceBytes = this.#sink.unbrokenBytes ?? Infinity;
    this.#logs?.buffer();
  }

  /** Prints `lines` of a log, each with its line feed. */
  log(lines: string): void {
    if (this.#logs !== undefined) return this.#logs.log(lines);
    const bytes = encoder.encode(lines);
    if (!this.#isFull && this.#print(bytes, MAX_LOG_BYTES)) return;
    this.#isFull = this.#waitingBytes > 0;
    this.#drop(bytes);
  }

  /** Prints `text` and a line feed, even if the log is full. */
  note(text: string): void {
    this.write(encoder.encode(text + "\n"));
  }

  /** Prints `bytes` as they are, as a note. */
  write(bytes: Uint8Array): void {
    if (!this.#print(bytes, MAX_LOG_BYTES + MAX_NOTE_BYTES)) this.#drop(bytes);
  }

  /**
   * Waits until everything is written: at most `withinMs`, and at most a second without progress.
   * What is not written then is dropped; the write in flight continues if the process does.
   */
  async flush(withinMs = STALL_MS): Promise<void> {
    const logged = this.#logs?.flush(withinMs);
    await this.#flush(withinMs);
    await logged;
  }

  async #flush(withinMs: number): Promise<void> {
    if (this.#isClosed) return;
    const deadlineMs = performance.now() + withinMs;
    for (let before = NaN; this.#writing !== undefined && before !== this.#writes;) {
      before = this.#writes;
      const restMs = deadlineMs - performance.now();
      if (restMs <= 0 || await settledWithin(this.#writing, Math.min(restMs, STALL_MS))) break;
    }
    if (this.#writing !== undefined) this.#close();
  }

  /** @returns false when there is no room for `bytes` below `maxBytes` */
  #print(bytes: Uint8Array, maxBytes: number): boolean {
    if (this.#isClosed) return false;
    if (!this.#isBuffered) return this.#printSync(bytes);
    // A line larger than the buffer is accepted if nothing else waits.
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > maxBytes) return false;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#writeAll();
    return true;
  }

  #printSync(bytes: Uint8Array): boolean {
    let rest = bytes;
    try {
      while (rest.length > 0) rest = rest.subarray(this.#sink.writeSync(rest));
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) {
        this.#isBuffered = true;
        return this.#print(rest, Infinity);
      }
      this.#isClosed = error instanceof Deno.errors.BrokenPipe;
      this.#drop(rest);
    }
    return true;
  }

  /** Writes waiting lines, and those that arrive meanwhile. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const bytes = this.#gather();
      const lost = await this.#write(bytes);
      this.#drop(lost);
      if (this.#isClosed) return;
      this.#waitingBytes -= bytes.length;
      if (this.#waiting.length > 0) continue;
      if (this.#untold > 0 && lost.length === 0) await this.#tellDropped();
      this.#isFull = false;
    }
    this.#writing = undefined;
  }

  /** Takes the next bytes to write from the waiting ones. */
  #gather(): Uint8Array {
    let count = 0;
    let length = 0;
    while (count < this.#waiting.length && (count === 0 || length < WRITE_BYTES)) {
      length += this.#waiting[count++].length;
    }
    const parts = this.#waiting.splice(0, count);
    if (count === 1) return parts[0];
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  /** Writes `bytes`, which start at the beginning of a line. @returns what could not be written */
  async #write(bytes: Uint8Array): Promise<Uint8Array> {
    if (this.#isCut) await this.#send(Uint8Array.of(LINE_FEED));
    return this.#isCut ? bytes : await this.#send(bytes);
  }

  async #send(bytes: Uint8Array): Promise<Uint8Array> {
    let rest = bytes;
    while (rest.length > 0 && !this.#isClosed) {
      try {
        const count = await this.#sink.write(piece(rest, this.#pieceBytes));
        this.#writes++;
        this.#isCut = rest[count - 1] !== LINE_FEED;
        rest = rest.subarray(count);
      } catch (error) {
        if (error instanceof Deno.errors.WouldBlock) {
          await sleep(RETRY_MS);
          continue;
        }
        if (error instanceof Deno.errors.BrokenPipe) this.#close();
        break;
      }
    }
    return rest;
  }

  async #tellDropped(): Promise<void> {
    const told = this.#untold;
    const line = encoder.encode(`${droppedText(told)}: ${this.#name} did not take them in time\n`);
    if ((await this.#write(line)).length === 0) this.#untold -= told;
  }

  #drop(bytes: Uint8Array): void {
    let lines = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
    this.#dropped += lines;
    this.#untold += lines;
  }

  #close(): void {
    this.#isClosed = true;
    for (const bytes of this.#waiting.splice(0)) this.#drop(bytes);
    this.#waitingBytes = 0;
  }
}

/** The first lines of `bytes` that fit into `maxBytes`; at least one. */
function piece(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length <= maxBytes) return bytes;
  const fitting = bytes.lastIndexOf(LINE_FEED, maxBytes - 1);
  const end = fitting >= 0 ? fitting : bytes.indexOf(LINE_FEED);
  return end < 0 ? bytes : bytes.subarray(0, end + 1);
}

/** `12 log lines dropped`. */
export function droppedText(lines: number): string {
  return `${lines} log ${lines === 1 ? "line" : "lines"} dropped`;
}

function isPipe(fd: number): boolean {
  try {
    return Deno.statSync(`/dev/fd/${fd}`).isFifo === true;
  } catch {
    return false;
  }
}

/** stderr of this thread. Workers hand their lines to the owner of the sockets: see `print`. */
export const stderr: LineWriter = new LineWriter({
  // Looked up at each call, because tests replace them.
  write: (bytes) => Deno.stderr.write(bytes),
  writeSync: (bytes) => Deno.stderr.writeSync(bytes),
  get unbrokenBytes() {
    return isPipe(2) ? PIPE_BUF : Infinity;
  },
});
