/** A socket of `Deno.connect`: the cheapest to open, for one connection a request. */
import { ReadTurns } from "../../system/read_turns.ts";
import type { HttpSocket, SocketEvents } from "./socket.ts";
import type { Endpoint } from "./target.ts";

/** A TCP or Unix domain connection. */
export class DenoSocket implements HttpSocket {
  isWriting = false;
  readonly #events: SocketEvents;
  #conn: Deno.Conn | null = null;
  #turns: ReadTurns | undefined;
  #isClosed = false;
  #request!: Uint8Array;
  #sent = 0;

  constructor(endpoint: Endpoint, input: Uint8Array, events: SocketEvents) {
    this.#events = events;
    this.#run(endpoint, input);
  }

  async #run(endpoint: Endpoint, input: Uint8Array): Promise<void> {
    let conn: Deno.Conn;
    try {
      conn = await ("path" in endpoint
        ? Deno.connect({ transport: "unix", path: endpoint.path })
        : Deno.connect({ hostname: endpoint.hostname, port: endpoint.port }));
    } catch (error) {
      if (!this.#isClosed) this.#events.failed(error as Error);
      return;
    }
    if (this.#isClosed) {
      conn.close();
      return;
    }
    this.#conn = conn;
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

  write(request: Uint8Array): void {
    this.isWriting = true;
    this.#request = request;
    this.#sent = 0;
    this.#conn!.write(request).then(this.#written, this.#fail);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#turns?.end();
    this.#conn?.close();
  }

  readonly #written = (count: number) => {
    this.#sent += count;
    this.isWriting = this.#sent < this.#request.length;
    if (!this.isWriting || this.#isClosed) return;
    this.#conn!.write(this.#request.subarray(this.#sent)).then(this.#written, this.#fail);
  };

  readonly #fail = (error: Error) => {
    if (this.#isClosed) return;
    this.close();
    this.#events.failed(error);
  };
}
