/**
 * The driver over an end of the simulated network. It completes operations as a completion-based
 * kernel does: later, in part, and in the connection's own memory. The block may be written to
 * until a receive is complete, and is read from until a send is complete, so code that uses a block
 * too early or too late corrupts what the client receives, which tests detect.
 */
import type { Connection } from "../../connection.ts";
import { type Driver, Want } from "../../driver.ts";
import type { EngineHost } from "../../engine.ts";
import { PeerGone } from "../../peer_gone.ts";
import type { Effect } from "../../service.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Arrival, SimulatedListener } from "./listener.ts";
import { AGAIN, type EndEvents, RESET } from "./network.ts";
import type { Trace } from "./trace.ts";

/** How operations complete. */
export interface DriverTraits {
  /** The longest delay of an operation besides what it waits for, in µs. */
  mostDelayUs: number;
  /** The most bytes that one operation moves. */
  mostBytes: number;
  /** Whether files are sent without a copy, by `readFile`. */
  sendsFiles: boolean;
  /** Whether `wasHeldUp` is true at times. */
  isHeldUp: boolean;
  /** Reads from the descriptor `file` at `offset`. @throws what reading fails with */
  readFile(file: number, target: Uint8Array, offset: number): number;
}

/** Overwrites `view`, as a read in flight when its socket was closed may do. */
export function scribble(view: Uint8Array): void {
  view.subarray(0, 4096).fill(0xaa);
}

/** An end with its connection. */
export class SimulatedDriver implements Driver, EndEvents {
  readonly sendsFiles: boolean;
  /** Set right after construction. */
  #connection!: Connection;
  readonly #host: EngineHost;
  readonly #arrival: Arrival;
  readonly #listener: SimulatedListener;
  readonly #clock: SimulatedClock;
  readonly #trace: Trace;
  readonly #traits: DriverTraits;
  /** Target of the receive in flight. */
  #receiving: Uint8Array | undefined;
  #isSending = false;
  /** Whether the operation waits for its end of the connection. */
  #awaitsInput = false;
  #awaitsRoom = false;
  /** Operations in flight. */
  #inFlight = 0;
  #isClosed = false;

  private constructor(
    host: EngineHost,
    arrival: Arrival,
    { listener, traits }: { listener: SimulatedListener; traits: DriverTraits },
  ) {
    this.sendsFiles = traits.sendsFiles;
    this.#host = host;
    this.#arrival = arrival;
    this.#listener = listener;
    this.#clock = listener.clock;
    this.#trace = listener.trace;
    this.#traits = traits;
  }

  /** Serves `arrival` until it ends; closes it when there is no room. */
  static serve(
    host: EngineHost,
    arrival: Arrival,
    context: { listener: SimulatedListener; traits: DriverTraits },
  ): void {
    const driver = new SimulatedDriver(host, arrival, context);
    const connection = host.open(driver, `192.0.2.${arrival.id % 256}`);
    if (connection === undefined) {
      context.listener.trace.note(arrival.id, "refused");
      arrival.end.close();
      return context.listener.closed();
    }
    driver.#connection = connection;
    arrival.end.events = driver;
    driver.advance(connection.start());
  }

  advance(want: Want): void {
    for (;;) {
      switch (want) {
        case Want.Await:
          return;
        case Want.Receive:
          return this.#receive();
        case Want.Send:
          return this.#send();
        case Want.FinishWrite:
          this.#trace.note(this.#arrival.id, "FIN");
          this.#arrival.end.finish();
          want = this.#connection.finished();
          break;
        case Want.Close:
          return this.#close();
      }
    }
  }

  await(effect: Promise<Effect>): void {
    this.#clock.hasPromises = true;
    effect.then(
      (effect) => this.advance(this.#connection.resumed(effect)),
      (error) => this.advance(this.#connection.rejected(error)),
    );
  }

  wasHeldUp(): boolean {
    return this.#traits.isHeldUp && this.#arrival.random.chance(30);
  }

  readable(): void {
    if (!this.#awaitsInput) return;
    this.#awaitsInput = false;
    this.#later(() => this.#received());
  }

  writable(): void {
    if (!this.#awaitsRoom) return;
    this.#awaitsRoom = false;
    this.#later(() => this.#sent());
  }

  #receive(): void {
    if (this.#receiving !== undefined) throw new Error("Two receives at once on one connection");
    ++this.#inFlight;
    this.#receiving = this.#host.core.inputView(this.#connection.conn);
    if (this.#arrival.end.isReadable) this.#later(() => this.#received());
    else this.#awaitsInput = true;
  }

  #received(): void {
    const { end, random } = this.#arrival;
    const room = this.#receiving!;
    if (this.#isClosed) {
      scribble(room);
      return this.#cancelled();
    }
    const most = random.between(1, Math.min(room.length, this.#traits.mostBytes));
    const count = end.read(room.subarray(0, most));
    if (count === AGAIN) {
      this.#awaitsInput = true;
      return;
    }
    this.#receiving = undefined;
    --this.#inFlight;
    this.#trace.note(this.#arrival.id, "received", count);
    this.#happened(() =>
      count === RESET
        ? this.#connection.failed(new PeerGone("reset"))
        : this.#connection.received(count)
    );
  }

  #send(): void {
    if (this.#isSending) throw new Error("Two sends at once on one connection");
    ++this.#inFlight;
    this.#isSending = true;
    if (this.#arrival.end.room > 0 || this.#arrival.end.isReset) this.#later(() => this.#sent());
    else this.#awaitsRoom = true;
  }

  #sent(): void {
    const { end, random } = this.#arrival;
    const connection = this.#connection;
    if (this.#isClosed) return this.#cancelled();
    let count: number;
    const most = Math.min(connection.outLength, this.#traits.mostBytes);
    const length = random.chance(50) ? most : random.between(1, most);
    try {
      count = connection.outFile < 0
        ? end.write(connection.output.subarray(0, length))
        : this.#sendFile(length);
    } catch (error) {
      return this.#complete(() => connection.failed(error));
    }
    if (count === AGAIN) this.#awaitsRoom = true;
    else if (count === RESET) this.#complete(() => connection.failed(new PeerGone("reset")));
    else {
      this.#trace.note(this.#arrival.id, "sent", count);
      this.#complete(() => count === 0 ? connection.fileEnded() : connection.sent(count));
    }
  }

  /** @returns the bytes sent; 0 when the file ends before */
  #sendFile(length: number): number {
    const { end } = this.#arrival;
    if (end.isReset) return RESET;
    if (end.room === 0) return AGAIN;
    const { outFile, outOffset } = this.#connection;
    const bytes = new Uint8Array(Math.min(length, end.room));
    const count = this.#traits.readFile(outFile, bytes, outOffset);
    return count === 0 ? 0 : end.write(bytes.subarray(0, count));
  }

  #complete(event: () => Want): void {
    this.#isSending = false;
    --this.#inFlight;
    this.#happened(event);
  }

  /** An operation ends because its end was closed. */
  #cancelled(): void {
    --this.#inFlight;
    this.#happened(() => this.#connection.failed(new PeerGone("closed")));
  }

  #happened(event: () => Want): void {
    // A service that waits for this event continues in a promise.
    if (this.#connection.isAwaiting) this.#clock.hasPromises = true;
    this.advance(event());
  }

  #later(action: () => void): void {
    this.#clock.in(this.#arrival.random.below(this.#traits.mostDelayUs + 1), action);
  }

  #close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#trace.note(this.#arrival.id, "closed");
      this.#arrival.end.close();
      this.#listener.closed();
      // Operations that waited for the end are completed.
      if (this.#awaitsInput) this.readable();
      if (this.#awaitsRoom) this.writable();
    }
    if (this.#inFlight === 0 && !this.#connection.isAwaiting && !this.#connection.isOver) {
      this.#trace.note(this.#arrival.id, "over");
      this.#connection.end();
    }
  }
}
