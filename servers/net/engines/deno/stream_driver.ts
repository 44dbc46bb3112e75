/**
 * The driver over a stream: awaits reads and writes.
 *
 * An idle connection keeps this object, one suspended function, and the view that it receives into.
 */
import type { Connection } from "../../connection.ts";
import { type Driver, Want } from "../../driver.ts";
import type { EngineHost } from "../../engine.ts";
import { PeerGone } from "../../peer_gone.ts";
import type { Effect } from "../../service.ts";
import type { Accepted, Stream } from "./stream.ts";

/** A stream with its connection. */
export class StreamDriver implements Driver {
  readonly sendsFiles = false;
  readonly #host: EngineHost;
  readonly #stream: Stream;
  /** Set right after construction. */
  #connection!: Connection;
  #view: Uint8Array<SharedArrayBuffer> | undefined;
  /** Reads, writes and FINs in flight. */
  #inFlight = 0;
  #isClosed = false;

  private constructor(host: EngineHost, stream: Stream) {
    this.#host = host;
    this.#stream = stream;
  }

  /**
   * Serves an accepted stream until it ends. @returns undefined when there is no room and the
   * stream was closed
   */
  static serve(host: EngineHost, { stream, peer }: Accepted): Connection | undefined {
    const driver = new StreamDriver(host, stream);
    const connection = host.open(driver, peer);
    if (connection === undefined) {
      stream.close();
      return undefined;
    }
    driver.#connection = connection;
    driver.advance(connection.start());
    return connection;
  }

  advance(want: Want): void {
    if (want !== Want.Await) this.#run(want);
  }

  await(effect: Promise<Effect>): void {
    effect.then(
      (effect) => this.advance(this.#connection.resumed(effect)),
      (error) => this.advance(this.#connection.rejected(error)),
    );
  }

  wasHeldUp(): boolean {
    return this.#stream.wasHeldUp?.() ?? false;
  }

  /**
   * Runs until there is nothing left to do. Several calls may run at once, because a timeout
   * interrupts a read.
   */
  async #run(want: Want): Promise<void> {
    const connection = this.#connection;
    const stream = this.#stream;
    for (;;) {
      if (want === Want.Await) return;
      if (want === Want.Close) return this.#close();
      ++this.#inFlight;
      try {
        if (want === Want.Receive) {
          const view = this.#view = this.#host.core.inputView(connection.conn, this.#view);
          const count = await stream.read(view);
          --this.#inFlight;
          want = connection.received(count ?? 0);
        } else if (want === Want.Send) {
          const count = await stream.write(connection.output);
          --this.#inFlight;
          want = connection.sent(count);
        } else {
          await stream.closeWrite();
          --this.#inFlight;
          want = connection.finished();
        }
      } catch (error) {
        // Events do not throw, so this is the stream's error.
        --this.#inFlight;
        want = connection.failed(peerFault(error));
      }
    }
  }

  #close(): void {
    const connection = this.#connection;
    if (!this.#isClosed) {
      this.#isClosed = true;
      try {
        this.#stream.close();
      } catch (error) {
        connection.failed(peerFault(error));
      }
    }
    // While a read is in flight, the system may write into the connection's block.
    if (this.#inFlight === 0 && !connection.isAwaiting) connection.end();
  }
}

/**
 * Converts `error` for the connection: `PeerGone` for a failure of the peer; other errors are bugs.
 */
function peerFault(error: unknown): unknown {
  const isPeerGone = error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.UnexpectedEof;
  return isPeerGone ? new PeerGone(error.message, { cause: error }) : error;
}
