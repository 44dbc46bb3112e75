/**
 * One client of an HTTP load: it sends a request, or a batch of pipelined ones, waits for the
 * responses, and continues, over persistent connections or with a new connection for each.
 *
 * A load spends its time in `received` and `#next`. There, a request costs two system calls, one
 * call into Wasm and one reading of the clock. It is written from prepared memory, its response is
 * read into Wasm memory, and nothing is allocated. Everything else is kept out of these two
 * methods.
 */
import { type Core, Event, type ResponseReader, Taken } from "../../core/mod.ts";
import type { Inspector } from "./inspect.ts";
import { HttpLink, type LinkOwner } from "./link.ts";
import type { RequestBytes } from "./request.ts";
import {
  connectErrorKind,
  exchangeErrorKind,
  type Fault,
  reasonOf,
  responseFault,
} from "./error_kind.ts";
import { printable } from "./faults.ts";
import type { FirstConnects } from "./first_connects.ts";
import type { Tally } from "./tally.ts";
import type { Endpoint } from "./target.ts";
import type { Rotation } from "./origins.ts";
import { clockUs } from "../load/clock.ts";
import type { LoadEngine } from "../load/engine.ts";
import { Halt, type Schedule } from "../load/schedule.ts";
import type { SampleLog } from "./sample_log.ts";
import { formatAddress } from "../../system/address.ts";

/** What the clients of a thread have in common. */
export interface ClientSetup {
  core: Core;
  reader: ResponseReader;
  tally: Tally;
  engine: LoadEngine<Endpoint>;
  firstConnects: FirstConnects;
  /** The endpoints of each server's connections. */
  rotations: readonly Rotation[];
  /** The index of each URL's server. */
  serverOf: readonly number[];
  requests: RequestBytes;
  /** Whether each URL's request is HEAD; absent if all are, or none is. */
  heads?: readonly boolean[];
  /** Requests in a batch; more than 1 only with one server, and without `heads`. */
  pipeline: number;
  isKeepAlive: boolean;
  /** Records each request; only together with an inspector. */
  samples?: SampleLog;
  /** Makes inspectors, which read responses one by one. */
  makeInspector?: () => Inspector;
  /** Shows what is sent and received; only together with an inspector. */
  debug?: (bytes: Uint8Array) => void;
}

/** How long a server that announced a close may keep the connection open, in microseconds. */
const LINGER_US = 1e6;

/**
 * Most batches that each client keeps; for longer lists of URLs, the others are made anew each
 * time.
 */
const MAX_KEPT_BATCHES = 256;

/** Most bytes shown of input that is not a valid response. */
const EXAMPLE_BYTES = 48;

const CLOSED: Fault = {
  kind: "closed",
  reason: "the server closed the connection before it answered",
};

/** One client. */
export class HttpClient implements LinkOwner {
  readonly #setup: ClientSetup;
  readonly #links: HttpLink[];
  readonly #inspector: Inspector | undefined;
  /** Batches sent before, by the URL that they start with. */
  readonly #batches: Uint8Array[] = [];
  #schedule!: Schedule;
  #finish!: () => void;
  /** Whether it waits for a start, when that is due, and for how many requests. */
  #isWaiting = false;
  #dueUs = 0;
  #claimed = 0;
  /**
   * The link of the present exchange, its intended start, and how many responses are outstanding.
   */
  #link: HttpLink;
  #startUs = 0;
  #outstanding = 0;
  /** Number of its first request that has no response yet. */
  #number = 0;
  /** When the first byte of the present response arrived; 0 before that. */
  #firstUs = 0;
  /** When the present wait began; 0 if nothing is awaited. */
  #sinceUs = 0;
  /** How long this exchange took to open a connection; -1 when it opened none. */
  #connectUs = -1;
  /** When the last response was complete, if its connection has yet to end; else 0. */
  #lingerUs = 0;

  /** @throws {RangeError} when the core has no block left */
  constructor(setup: ClientSetup) {
    this.#setup = setup;
    this.#inspector = setup.makeInspector?.();
    this.#links = setup.rotations.map((rotation) => {
      const conn = setup.reader.open();
      if (conn === 0) throw new RangeError("No memory is left for a connection");
      return new HttpLink(this, rotation, conn, setup.reader.inputView(conn));
    });
    this.#link = this.#links[0];
  }

  /** Connections that are open now. */
  get openConnections(): number {
    return this.#links.reduce((count, link) => count + Number(link.isOpen), 0);
  }

  /**
   * Sends requests from `fromUs` on as `schedule` allows, until it has no more. Connections stay
   * open.
   *
   * @param finish is called at the end
   */
  run(schedule: Schedule, fromUs: number, finish: () => void): void {
    this.#schedule = schedule;
    this.#finish = finish;
    this.#wait(fromUs, 0);
  }

  /** Gives up exchanges that take longer than `timeoutUs`. To be called at intervals. */
  expire(timeoutUs: number): void {
    if (this.#sinceUs === 0) return;
    const isLingering = this.#lingerUs !== 0;
    const limitUs = isLingering ? Math.min(timeoutUs, LINGER_US) : timeoutUs;
    if (clockUs() - this.#sinceUs <= limitUs) return;
    if (isLingering) return this.#endLinger();
    const reason = !this.#link.isOpen
      ? "no connection in time"
      : this.#firstUs === 0
      ? "no response in time"
      : "the response was not complete in time";
    this.#fail({ kind: "timeout", reason });
  }

  /**
   * The load was halted, or its time is over: stops waiting for a start, and with `Halt.Abandon`
   * also gives up requests in flight.
   */
  halt(how: Halt): void {
    if (this.#isWaiting) this.#stopWaiting();
    else if (how === Halt.Abandon && this.#sinceUs !== 0) {
      // While it lingers, the response is complete; only the end of the connection is missing.
      if (this.#lingerUs !== 0) return this.#endLinger();
      this.#setup.tally.after.abandoned += this.#outstanding;
      this.#link.disconnect();
      this.#stop();
    }
  }

  /** Closes all connections. */
  close(): void {
    for (const link of this.#links) {
      link.disconnect();
      this.#setup.reader.close(link.conn);
    }
  }

  // Events of the connections

  /** The connection of `link` is open. */
  opened(link: HttpLink): void {
    link.isOpen = true;
    this.#setup.firstConnects.succeeded();
    this.#connectUs = clockUs() - this.#sinceUs;
    this.#setup.tally.recordConnect(this.#connectUs);
    this.#send(link);
  }

  /** `count` bytes arrived on `link`. */
  received(link: HttpLink, count: number): void {
    const nowUs = clockUs();
    const { reader, tally, heads } = this.#setup;
    tally.bytesIn += count;
    if (heads !== undefined) reader.isHead = heads[this.#number % heads.length];
    if (nowUs > this.#schedule.endUs) tally.after.bytesIn += count;
    if (link !== this.#link || this.#outstanding === 0) {
      // No request is outstanding: the server ends the connection, with a 408 for instance. Not
      // counted.
      link.disconnect();
      this.#forget(link);
    } else if (this.#lingerUs !== 0) this.#receivedMore(link, count);
    else if (this.#inspector === undefined) {
      const taken = reader.take(link.conn, count, this.#outstanding);
      if (taken === 1 && this.#firstUs === 0) {
        tally.recordWhole(nowUs - this.#startUs);
        ++tally.completed;
        if (nowUs > this.#schedule.endUs) ++tally.after.answered;
        ++this.#number;
        if (--this.#outstanding === 0) this.#next(nowUs);
      } else this.#take(taken, nowUs);
    } else {
      this.#setup.debug?.(link.input.slice(0, count));
      this.#take(this.#inspector.take(link.conn, count, this.#outstanding), nowUs);
    }
  }

  /** The peer ended the connection of `link`. */
  ended(link: HttpLink): void {
    const { reader } = this.#setup;
    link.empty();
    if (link !== this.#link || this.#outstanding === 0) return;
    if (this.#lingerUs !== 0) {
      this.#endLinger();
      return;
    }
    const event = reader.end(link.conn);
    if (event === Event.End) {
      if (this.#inspector) this.#inspector.end(link.conn);
      else reader.count(link.conn);
      const nowUs = clockUs();
      this.#complete(1, nowUs);
      this.#giveBack(this.#outstanding, nowUs);
      this.#outstanding = 0;
      this.#next(nowUs);
    } else if (event === Event.Error) {
      this.#fail({ kind: "truncated", reason: reader.reason(link.conn) }, CLOSED);
    } else this.#fail(CLOSED);
  }

  /** The connection of `link`, or the attempt to open it, failed. */
  failed(link: HttpLink, error: Error): void {
    const wasOpen = link.isOpen;
    link.empty();
    if (link !== this.#link || this.#outstanding === 0) return;
    if (this.#lingerUs !== 0) {
      // A reset after a complete response is not a failure.
      this.#endLinger();
      return;
    }
    const kind = wasOpen ? exchangeErrorKind(error) : connectErrorKind(error);
    if (kind === "refused") this.#setup.firstConnects.failed(link.endpoint, error);
    this.#fail({ kind, reason: reasonOf(error) });
  }

  // The exchange

  /** Starts the next exchange: at once, when it is due, or not at all. */
  #next(nowUs: number): void {
    const schedule = this.#schedule;
    const link = this.#link;
    if (!this.#setup.isKeepAlive || link.socket?.isWriting) link.disconnect();
    this.#number = schedule.next;
    this.#outstanding = schedule.claim(this.#setup.pipeline, nowUs);
    if (this.#outstanding === 0) this.#stop();
    else if (!schedule.isPaced) this.#begin(nowUs, nowUs);
    else {
      const dueUs = schedule.dueUs(this.#number);
      if (dueUs <= nowUs) this.#begin(dueUs, nowUs);
      else this.#wait(dueUs, this.#outstanding);
    }
  }

  /** Waits for the intended start of `claimed` requests; with 0, for this client's own start. */
  #wait(dueUs: number, claimed: number): void {
    // Until then nothing is outstanding, and events of the connection belong to no request.
    this.#outstanding = 0;
    this.#sinceUs = 0;
    this.#isWaiting = true;
    this.#dueUs = dueUs;
    this.#claimed = claimed;
    this.#setup.engine.loop.at(dueUs, this.#due);
  }

  readonly #due = () => {
    if (!this.#isWaiting) return;
    if (this.#dueUs >= this.#schedule.endUs) return this.#stopWaiting();
    this.#isWaiting = false;
    const nowUs = clockUs();
    if (this.#claimed === 0) return this.#next(nowUs);
    this.#outstanding = this.#claimed;
    this.#begin(this.#dueUs, nowUs);
  };

  #stopWaiting(): void {
    this.#isWaiting = false;
    this.#schedule.giveBack(this.#claimed);
    this.#stop();
  }

  #begin(startUs: number, nowUs: number): void {
    const { serverOf, engine, tally } = this.#setup;
    if (this.#schedule.isPaced) tally.recordStart(nowUs - startUs);
    this.#startUs = startUs;
    this.#sinceUs = nowUs;
    this.#firstUs = 0;
    this.#connectUs = -1;
    const link = this.#link = this.#links[serverOf[this.#number % serverOf.length]];
    if (link.isOpen) return this.#send(link);
    if (link.connect(engine.open).isOpen) this.opened(link);
  }

  /** Writes as many requests as are outstanding, starting with the URL whose turn it is. */
  #send(link: HttpLink): void {
    const { requests: { bytes, offsets }, serverOf, tally, debug } = this.#setup;
    const first = this.#number % serverOf.length;
    const length = offsets[first + this.#outstanding] - offsets[first];
    let batch = this.#batches[first];
    if (batch === undefined || batch.length !== length) {
      batch = bytes.subarray(offsets[first], offsets[first] + length);
      if (first < MAX_KEPT_BATCHES) this.#batches[first] = batch;
    }
    tally.bytesOut += length;
    debug?.(batch.slice());
    link.socket!.write(batch);
  }

  /** Handles `taken`, the result of the reader. */
  #take(taken: number, nowUs: number): void {
    const done = taken & Taken.Count;
    if (taken & Taken.Closing) {
      this.#complete(done - 1, nowUs);
      this.#linger(nowUs);
      return;
    }
    this.#complete(done, nowUs);
    if (taken & Taken.Failed) this.#failResponse();
    else if (this.#outstanding === 0) this.#next(nowUs);
    else if (taken & Taken.Partial && this.#firstUs === 0) this.#firstUs = nowUs;
  }

  /** Records `count` complete responses that ended at `nowUs`. */
  #complete(count: number, nowUs: number): void {
    const { tally, samples } = this.#setup;
    for (let i = 0; i < count; i++) {
      const ttfbUs = (this.#firstUs || nowUs) - this.#startUs;
      const latencyUs = nowUs - this.#startUs;
      if (ttfbUs === latencyUs) tally.recordWhole(latencyUs);
      else tally.recordParts(ttfbUs, latencyUs);
      const found = this.#inspector?.found.shift();
      if (found && !found.isExpected) tally.unexpected(found.status);
      samples?.response(this.#number, this.#startUs, this.#connectUs, ttfbUs, latencyUs, found!);
      this.#connectUs = -1;
      this.#firstUs = 0;
      ++this.#number;
    }
    tally.completed += count;
    if (nowUs > this.#schedule.endUs) tally.after.answered += count;
    this.#outstanding -= count;
  }

  /**
   * Waits for the end of the connection, which its last response announced. This way the server
   * closes first, and TIME-WAIT stays on its side instead of using up ports on this one.
   */
  #linger(nowUs: number): void {
    const { core } = this.#setup;
    this.#giveBack(this.#outstanding - 1, nowUs);
    this.#outstanding = 1;
    if (this.#firstUs === 0) this.#firstUs = nowUs;
    this.#lingerUs = this.#sinceUs = nowUs;
    if (core.pending(this.#link.conn) === 0) return;
    // The server sent more after it announced the end: nothing more to wait for.
    this.#link.disconnect();
    this.#forget(this.#link);
    this.#endLinger();
  }

  /** Completes the last response of a connection that has ended, or is given up. */
  #endLinger(): void {
    const endUs = this.#lingerUs;
    this.#lingerUs = 0;
    this.#complete(1, endUs);
    this.#link.disconnect();
    this.#next(clockUs());
  }

  /** Handles bytes after the last response: it was framed wrong, unless they are empty lines. */
  #receivedMore(link: HttpLink, count: number): void {
    const { core, reader } = this.#setup;
    core.received(link.conn, count);
    if (!reader.hasMore(link.conn)) return;
    this.#lingerUs = 0;
    --reader.statuses[reader.status(link.conn)];
    if (this.#inspector) this.#inspector.found.length = 0;
    this.#failResponse();
  }

  /**
   * Returns `count` requests that were sent but will not be answered: they are sent again if there
   * is time.
   */
  #giveBack(count: number, nowUs: number): void {
    if (nowUs > this.#schedule.endUs) this.#setup.tally.after.abandoned += count;
    else this.#schedule.giveBack(count);
  }

  /** Fails a response that the parser rejected. */
  #failResponse(): void {
    const { reader } = this.#setup;
    const { conn } = this.#link;
    const bytes = reader.rejected(conn, EXAMPLE_BYTES);
    const fault = responseFault(reader.reason(conn), bytes);
    this.#fail(fault, fault, () => printable(bytes));
  }

  /**
   * Counts outstanding requests as failed, all but the first as `others`, and continues.
   *
   * @param example tells where it happened; default: the address of the server
   */
  #fail(fault: Fault, others = fault, example = () => formatAddress(this.#link.endpoint)): void {
    const { tally, samples } = this.#setup;
    if (clockUs() > this.#schedule.endUs) tally.after.failed += this.#outstanding;
    for (let i = 0; i < this.#outstanding; i++) {
      const own = i === 0 ? fault : others;
      tally.fail(own, 1, example);
      samples?.failure(this.#number + i, this.#startUs, this.#connectUs, own.kind);
    }
    this.#link.disconnect();
    this.#forget(this.#link);
    this.#next(clockUs());
  }

  #stop(): void {
    this.#outstanding = 0;
    this.#sinceUs = 0;
    this.#finish();
  }

  /** Resets the parser after a response that will not be completed. */
  #forget(link: HttpLink): void {
    const { reader } = this.#setup;
    reader.close(link.conn);
    // The block that was closed last is opened first, so the input stays at the same address.
    link.conn = reader.open();
  }
}
