/**
 * One client of an HTTP load: it sends a request, or a batch of pipelined ones, waits for the
 * responses, and goes on, over connections that stay open or over one each.
 *
 * The loop in `run` is what a load spends its time in. For a request it makes two system calls,
 * one call into Wasm and one look at the clock; it writes from memory that stands ready, reads
 * into Wasm memory, and allocates nothing but the promises of the two calls. All else stands in
 * methods beside it.
 */
import { type Core, Event, type ResponseReader, Taken } from "../core/mod.ts";
import type { Inspector } from "./http_inspect.ts";
import type { RequestBytes } from "./http_request.ts";
import {
  connectErrorKind,
  exchangeErrorKind,
  type HttpSocket,
  isPlainRefusal,
  openSocket,
} from "./http_socket.ts";
import type { ErrorKind, Tally } from "./http_tally.ts";
import { type Endpoint, endpointText } from "./http_target.ts";
import type { Schedule } from "./load_schedule.ts";
import type { SampleLog } from "./sample_log.ts";

/** What the clients of a thread share. */
export interface ClientSetup {
  core: Core;
  reader: ResponseReader;
  tally: Tally;
  endpoints: readonly Endpoint[];
  /** For each URL the index of its endpoint. */
  endpointOf: readonly number[];
  requests: RequestBytes;
  /** Requests in a batch; more than 1 only with one endpoint. */
  pipeline: number;
  isKeepAlive: boolean;
  /** Where each request is written down; only together with an inspector. */
  samples?: SampleLog;
  /** Whether a response is looked at one by one. */
  makeInspector?: () => Inspector;
  /** Shows what is sent and received. */
  debug?: (bytes: Uint8Array) => void;
}

/** A connection to one endpoint, or the place for one. */
interface Link {
  endpoint: Endpoint;
  socket: HttpSocket | null;
  /** Address of its block. */
  conn: number;
  /** The whole input area, and the part of it that is read into next. */
  base: Uint8Array;
  input: Uint8Array;
}

/** Up to so many bytes are written before responses are awaited; more, while they are. */
const WHOLE_WRITE_BYTES = 65536;

/** How long a server that announced to close a connection may keep it open. */
const LINGER_US = 1e6;

/** The clock of all latencies, in microseconds. */
export function clockUs(): number {
  return performance.now() * 1000;
}

/** One client. */
export class HttpClient {
  readonly #setup: ClientSetup;
  readonly #links: Link[];
  readonly #inspector: Inspector | undefined;
  /** The batches that were sent last, by the URL that they start with. */
  readonly #views: Uint8Array[] = [];
  /** Since when something is awaited; 0 when nothing is. */
  #sinceUs = 0;
  #link: Link;
  /** The exchange in progress: intended start, first byte of the response, and what is left. */
  #startUs = 0;
  #firstUs = 0;
  #outstanding = 0;
  /** Number of its first request that has no response yet. */
  #number = 0;
  /** How long the connection took that this exchange opened; -1 when it opened none. */
  #connectUs = -1;
  #isLingering = false;
  #isWriting = false;
  /** Why the connection was closed from this side. */
  #cutBy: "" | "timeout" | "halt" = "";
  #rejectConnect = (_reason: Error) => {};

  /** @throws {RangeError} when the core has no block left */
  constructor(setup: ClientSetup) {
    this.#setup = setup;
    this.#inspector = setup.makeInspector?.();
    this.#links = setup.endpoints.map((endpoint) => {
      const conn = setup.core.open();
      if (conn === 0) throw new RangeError("No memory is left for a connection");
      const base = setup.reader.inputView(conn);
      return { endpoint, socket: null, conn, base, input: base };
    });
    this.#link = this.#links[0];
  }

  /** Sends requests as `schedule` allows, until it has no more. Connections stay open. */
  async run(schedule: Schedule): Promise<void> {
    const { reader, tally, endpointOf, pipeline, isKeepAlive, debug } = this.#setup;
    const isPlain = this.#inspector === undefined && debug === undefined;
    let nowUs = clockUs();
    for (;;) {
      this.#number = schedule.next;
      this.#outstanding = schedule.claim(pipeline);
      if (this.#outstanding === 0) break;
      this.#startUs = nowUs;
      if (schedule.isPaced) {
        this.#startUs = schedule.dueUs(this.#number);
        this.#sinceUs = 0;
        if (!await schedule.until(this.#startUs)) {
          schedule.giveBack(this.#outstanding);
          break;
        }
        nowUs = clockUs();
      }
      const first = this.#number % endpointOf.length;
      const link = this.#link = this.#links[endpointOf[first]];
      this.#sinceUs = nowUs;
      this.#firstUs = 0;
      this.#connectUs = -1;
      try {
        const socket = link.socket ?? await this.#connect(link);
        if (socket === null) {
          nowUs = clockUs();
          continue;
        }
        const request = this.#batch(first);
        const sent = request.length > WHOLE_WRITE_BYTES
          ? this.#writeBeside(socket, request)
          : await socket.write(request);
        if (sent < request.length) await this.#writeRest(socket, request, sent);
        tally.bytesOut += request.length;
        if (debug) debug(request.slice());
        do {
          const received = await socket.read(link.input);
          nowUs = clockUs();
          if (received === null) {
            this.#endOfInput(schedule);
            break;
          }
          tally.bytesIn += received;
          if (isPlain) {
            const taken = reader.take(link.conn, received, this.#outstanding);
            if (taken === 1 && this.#firstUs === 0 && link.input === link.base) {
              tally.recordWhole(nowUs - this.#startUs);
              ++tally.completed;
              ++this.#number;
              --this.#outstanding;
              continue;
            }
            this.#take(taken, nowUs, schedule);
          } else {
            debug?.(link.input.slice(0, received));
            this.#take(this.#inspect(received), nowUs, schedule);
          }
          if (this.#isLingering) nowUs = await this.#linger(nowUs);
        } while (this.#outstanding > 0);
        // It may have been given up just when its last byte came.
        if (!isKeepAlive || this.#isWriting || this.#cutBy !== "") this.#disconnect(link);
      } catch (error) {
        this.#fail(this.#cutBy === "timeout" ? "timeout" : exchangeErrorKind(error));
        nowUs = clockUs();
      }
    }
    this.#sinceUs = 0;
  }

  /** Gives up what takes longer than `timeoutUs`. Call every now and then. */
  expire(timeoutUs: number): void {
    if (this.#sinceUs === 0) return;
    const limitUs = this.#isLingering ? Math.min(timeoutUs, LINGER_US) : timeoutUs;
    if (clockUs() - this.#sinceUs > limitUs) this.#cut("timeout");
  }

  /** Gives up what is in flight, uncounted: the load was halted. */
  abandon(): void {
    if (this.#sinceUs !== 0) this.#cut("halt");
  }

  /** Closes all connections. */
  close(): void {
    for (const link of this.#links) {
      this.#disconnect(link);
      this.#setup.core.close(link.conn);
    }
  }

  #cut(by: "timeout" | "halt"): void {
    if (this.#cutBy !== "") return;
    this.#cutBy = by;
    if (this.#link.socket) this.#link.socket.close();
    else this.#rejectConnect(new Deno.errors.TimedOut("The connection was given up"));
  }

  /** The bytes of as many requests as are outstanding, from that to URL `first` on. */
  #batch(first: number): Uint8Array {
    const { bytes, offsets } = this.#setup.requests;
    const view = this.#views[first];
    const end = offsets[first + this.#outstanding];
    if (view?.byteOffset === offsets[first] && view.length === end - offsets[first]) return view;
    return this.#views[first] = bytes.subarray(offsets[first], end);
  }

  /** Opens the connection of `link`. @returns null when that failed and was counted */
  async #connect(link: Link): Promise<HttpSocket | null> {
    const { tally } = this.#setup;
    const beginUs = clockUs();
    const { promise, resolve, reject } = Promise.withResolvers<HttpSocket>();
    let isGivenUp = false;
    this.#rejectConnect = (reason) => {
      isGivenUp = true;
      reject(reason);
    };
    openSocket(link.endpoint).then(
      (socket) => isGivenUp ? socket.close() : resolve(socket),
      reject,
    );
    try {
      link.socket = await promise;
    } catch (error) {
      if (!isPlainRefusal(error)) {
        tally.firstProblem ??= `Cannot connect to ${endpointText(link.endpoint)}: ${
          error instanceof Error ? error.message : error
        }`;
      }
      this.#fail(this.#cutBy === "timeout" ? "timeout" : connectErrorKind(error));
      return null;
    }
    this.#connectUs = clockUs() - beginUs;
    tally.recordConnect(this.#connectUs);
    return link.socket;
  }

  /** Closes the connection of `link`, if there is one. */
  #disconnect(link: Link): void {
    const { socket } = link;
    if (socket === null) return;
    link.socket = null;
    if (this.#cutBy === "") socket.close();
    else if (this.#cutBy === "timeout") this.#cutBy = "";
  }

  /** Makes the parser forget a response that will not be completed. */
  #forget(link: Link): void {
    const { core, reader } = this.#setup;
    core.close(link.conn);
    link.conn = core.open();
    link.input = link.base = reader.inputView(link.conn);
  }

  /** Writes what `sent` bytes of `request` leave. */
  async #writeRest(socket: HttpSocket, request: Uint8Array, sent: number): Promise<void> {
    while (sent < request.length) sent += await socket.write(request.subarray(sent));
  }

  /**
   * Writes a large `request` while responses are read: a server may answer before it read all, and
   * may stop reading until its answer is taken.
   */
  #writeBeside(socket: HttpSocket, request: Uint8Array): number {
    this.#isWriting = true;
    // A failure to write shows as an end of the input too, perhaps behind a response.
    const link = this.#link;
    const finish = () => {
      if (link.socket === socket) this.#isWriting = false;
    };
    this.#writeRest(socket, request, 0).then(finish, () => {});
    return request.length;
  }

  #inspect(received: number): number {
    return this.#inspector!.take(this.#link.conn, received, this.#outstanding);
  }

  /** Deals with all that `taken` may say. */
  #take(taken: number, nowUs: number, schedule: Schedule): void {
    const { reader } = this.#setup;
    const link = this.#link;
    const done = taken & Taken.Count;
    const isClosing = (taken & Taken.Closing) !== 0;
    // What ends the connection is whole only if nothing follows: see `linger`.
    this.#complete(isClosing ? done - 1 : done, nowUs);
    if (taken & Taken.Failed) {
      this.#fail("garbage");
      return;
    }
    if (isClosing) {
      schedule.giveBack(this.#outstanding - 1);
      this.#outstanding = 1;
      if (this.#firstUs === 0) this.#firstUs = nowUs;
      this.#isLingering = true;
    } else if (taken & Taken.Partial && this.#firstUs === 0) this.#firstUs = nowUs;
    link.input = reader.isEmpty(link.conn) ? link.base : reader.inputView(link.conn);
  }

  /** Files `count` whole responses that ended at `nowUs`. */
  #complete(count: number, nowUs: number): void {
    const { tally, samples } = this.#setup;
    for (let i = 0; i < count; i++) {
      const ttfbUs = (this.#firstUs || nowUs) - this.#startUs;
      const latencyUs = nowUs - this.#startUs;
      if (ttfbUs === latencyUs) tally.recordWhole(latencyUs);
      else tally.recordParts(ttfbUs, latencyUs);
      const found = this.#inspector?.found[i];
      if (found && !found.isExpected) tally.unexpected(found.status);
      samples?.response(this.#number, this.#startUs, this.#connectUs, ttfbUs, latencyUs, found!);
      this.#connectUs = -1;
      this.#firstUs = 0;
      ++this.#number;
    }
    tally.completed += count;
    this.#outstanding -= count;
  }

  /**
   * Waits for the end of a connection that its last response announced. So the server closes
   * first, and TIME-WAIT stays with it instead of using up this side's ports.
   *
   * @returns the time
   */
  async #linger(endUs: number): Promise<number> {
    const { core, reader, tally } = this.#setup;
    const link = this.#link;
    const { socket, conn } = link;
    let hasMore = false;
    this.#sinceUs = endUs;
    try {
      for (;;) {
        const received = await socket!.read(link.input);
        if (received === null) break;
        tally.bytesIn += received;
        core.received(conn, received);
        hasMore = reader.hasMore(conn);
        if (hasMore) break;
      }
    } catch {
      // A reset behind a whole response takes nothing from it.
    }
    this.#isLingering = false;
    if (hasMore) {
      --reader.statuses[reader.status(conn)];
      this.#fail("garbage");
    } else {
      this.#complete(1, endUs);
      this.#disconnect(link);
    }
    return clockUs();
  }

  /** Deals with the end of the input while responses are awaited. */
  #endOfInput(schedule: Schedule): void {
    const { reader } = this.#setup;
    const link = this.#link;
    const event = reader.end(link.conn);
    if (event === Event.End) {
      if (this.#inspector) this.#inspector.end(link.conn);
      else reader.count(link.conn);
      this.#complete(1, clockUs());
      schedule.giveBack(this.#outstanding);
      this.#outstanding = 0;
      this.#disconnect(link);
    } else if (event === Event.Error) {
      this.#fail("truncated", 1);
      this.#fail("closed");
    } else this.#fail("closed");
  }

  /** Counts `count` (default: all) outstanding requests as failed, and ends the connection. */
  #fail(kind: ErrorKind, count = this.#outstanding): void {
    const { tally, samples } = this.#setup;
    if (this.#cutBy !== "halt") {
      tally.fail(kind, count);
      for (let i = 0; i < count; i++) {
        samples?.failure(this.#number + i, this.#startUs, this.#connectUs, kind);
      }
    }
    this.#number += count;
    this.#outstanding -= count;
    this.#disconnect(this.#link);
    this.#forget(this.#link);
    this.#isWriting = this.#isLingering = false;
    if (this.#cutBy === "timeout") this.#cutBy = "";
  }
}
