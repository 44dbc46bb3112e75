/** A socket of `Deno.connect`: the cheapest to open, for loads with one connection per request. */
import { ReadTurns } from "../../system/read_turns.ts";
import type { Address } from "../../system/address.ts";
import { type ClientSocket, SEGMENT_BYTES, type SocketEvents } from "./socket.ts";

/** A TCP or Unix domain connection. */
export class DenoSocket implements ClientSocket {
  isOpen = false;
  isWriting = false;
  readonly #events: SocketEvents;
  #conn: Deno.Conn | null = null;
  readonly #connecting = new AbortController();
  #turns: ReadTurns | undefined;
  #isClosed = false;
  #bytes!: Uint8Array;
  #sent = 0;

  constructor(target: Address, input: Uint8Array, events: SocketEvents) {
    this.#events = events;
    this.#run(target, input);
  }

  async #run(target: Address, input: Uint8Array): Promise<void> {
    let conn: Deno.Conn;
    try {
      conn = await ("path" in target
        ? Deno.connect({ transport: "unix", path: target.path })
        : Deno.connect({
          hostname: target.hostname,
          port: target.port,
          autoSelectFamily: false,
          signal: this.#connecting.signal,
        }));
    } catch (error) {
      if (!this.#isClosed) this.#events.failed(error as Error);
      return;
    }
    if (this.#isClosed) {
      conn.close();
      return;
    }
    this.#conn = conn;
    this.isOpen = true;
    const turns = this.#turns = new ReadTurns();
    this.#events.opened();
    for (;;) {
      let count: number | null;
      try {
        const turn = turns.ask();
        if (turn !== undefined) await turn;
        count = await conn.read(input);
      } catch (error) {
        this.#fail(error as Error);
        return;
      }
      if (this.#isClosed) return;
      if (count === null) {
        this.close();
        this.#events.ended();
        return;
      }
      this.#events.received(count);
      if (this.#isClosed) return;
    }
  }

  write(bytes: Uint8Array): void {
    this.isWriting = true;
    this.#bytes = bytes;
    this.#sent = 0;
    // Otherwise the last segment would wait for an ACK (Nagle's algorithm).
    if (bytes.length > SEGMENT_BYTES && "setNoDelay" in this.#conn!) {
      (this.#conn as Deno.TcpConn).setNoDelay(true);
    }
    this.#conn!.write(bytes).then(this.#written, this.#fail);
  }

  finish(): void {
    // If it fails, the pending read fails too, and reports why.
    this.#conn!.closeWrite().catch(() => {});
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#turns?.end();
    if (this.#conn === null) this.#connecting.abort();
    else this.#conn.close();
  }

  readonly #written = (count: number) => {
    this.#sent += count;
    this.isWriting = this.#sent < this.#bytes.length;
    if (this.#isClosed) return;
    if (this.isWriting) {
      this.#conn!.write(this.#bytes.subarray(this.#sent)).then(this.#written, this.#fail);
    } else this.#events.sent();
  };

  readonly #fail = (error: Error) => {
    if (this.#isClosed) return;
    this.close();
    this.#events.failed(error);
  };
}
