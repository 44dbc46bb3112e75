/** Streams and listeners without sockets: a test says what comes, and what becomes of what goes. */
import type { Accepted, Listener, Stream } from "../../servers/net/engines/deno/stream.ts";

type Arrival = Uint8Array | null | Error;

/** A stream whose peer is the test. */
export class FakeStream implements Stream {
  /** Everything that was sent. */
  readonly sent: number[] = [];
  /** How many bytes each write took. */
  readonly writes: number[] = [];
  /** Most bytes that one write takes; 0: none, until `resume`. */
  mostPerWrite = Infinity;
  /** Whether the FIN was sent, and whether the stream was closed. */
  hasEnded = false;
  isClosed = false;
  /** For how many more calls `wasHeldUp` says so. */
  heldUp = 0;
  /** Reads so far. */
  reads = 0;
  readonly #arrivals: Arrival[] = [];
  #reading: { view: Uint8Array; outcome: PromiseWithResolvers<number | null> } | undefined;
  #stalled: PromiseWithResolvers<void> | undefined;

  /** The peer sends bytes (text in latin1), its FIN (`null`), or fails. */
  push(...arrivals: (string | Arrival)[]): void {
    for (const arrival of arrivals) {
      this.#arrivals.push(
        typeof arrival === "string"
          ? Uint8Array.from(arrival, (char) => char.charCodeAt(0))
          : arrival,
      );
    }
    this.#deliver();
  }

  /** What was sent, as text. */
  get text(): string {
    return String.fromCharCode(...this.sent);
  }

  /** Lets writes that wait go on. */
  resume(): void {
    this.mostPerWrite = Infinity;
    this.#stalled?.resolve();
  }

  read(view: Uint8Array): Promise<number | null> {
    this.reads++;
    const outcome = Promise.withResolvers<number | null>();
    this.#reading = { view, outcome };
    this.#deliver();
    return outcome.promise;
  }

  async write(view: Uint8Array): Promise<number> {
    if (this.mostPerWrite === 0) await (this.#stalled ??= Promise.withResolvers()).promise;
    if (this.isClosed) throw new Deno.errors.BrokenPipe("closed");
    const part = view.subarray(0, this.mostPerWrite);
    this.sent.push(...part);
    this.writes.push(part.length);
    return part.length;
  }

  wasHeldUp(): boolean {
    return this.heldUp-- > 0;
  }

  closeWrite(): Promise<void> {
    this.hasEnded = true;
    return Promise.resolve();
  }

  close(): void {
    if (this.isClosed) throw new Deno.errors.BadResource("closed twice");
    this.isClosed = true;
    this.#reading?.outcome.reject(new Deno.errors.Interrupted("closed"));
    this.#reading = undefined;
    this.#stalled?.resolve();
  }

  #deliver(): void {
    const reading = this.#reading;
    if (reading === undefined || this.#arrivals.length === 0) return;
    const arrival = this.#arrivals.shift()!;
    this.#reading = undefined;
    if (arrival === null) reading.outcome.resolve(null);
    else if (arrival instanceof Error) reading.outcome.reject(arrival);
    else {
      const count = Math.min(arrival.length, reading.view.length);
      reading.view.set(arrival.subarray(0, count));
      if (count < arrival.length) this.#arrivals.unshift(arrival.subarray(count));
      reading.outcome.resolve(count);
    }
  }
}

/** A listener whose connections and errors come from the test. */
export class FakeListener implements Listener {
  readonly address = "fake";
  readonly port = 1;
  /** Calls of `accept` so far. */
  accepts = 0;
  readonly #coming: (Error | undefined)[] = [];
  #waiting: PromiseWithResolvers<Accepted> | undefined;
  #isClosed = false;

  /** A connection comes, or accepting fails. */
  push(...coming: (Error | undefined)[]): void {
    this.#coming.push(...coming);
    if (this.#waiting !== undefined) this.#settle(this.#waiting);
  }

  accept(): Promise<Accepted> {
    this.accepts++;
    if (this.#isClosed) return Promise.reject(new Deno.errors.BadResource("closed"));
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    this.#settle(this.#waiting);
    return promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting?.reject(new Deno.errors.Interrupted("closed"));
  }

  #settle(waiting: PromiseWithResolvers<Accepted>): void {
    if (this.#coming.length === 0) return;
    const coming = this.#coming.shift();
    this.#waiting = undefined;
    if (coming instanceof Error) waiting.reject(coming);
    else waiting.resolve({ stream: new FakeStream(), peer: "192.0.2.1" });
  }
}
