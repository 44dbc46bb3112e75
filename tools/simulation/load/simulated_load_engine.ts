/** The engine of load clients in a simulation: a loop with a virtual clock, sockets of its network. */
import type { Check, LoadLoop } from "../../../bench/load/loop.ts";
import type { ClientSocket, SocketEvents } from "../../../bench/load/socket.ts";
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import {
  AGAIN,
  type End,
  type EndEvents,
  RESET,
} from "../../../servers/net/engines/simulated/network.ts";

/** The loop. */
export class SimulatedLoop implements LoadLoop {
  readonly #clock: SimulatedClock;
  readonly #beginUs: number;
  #run: PromiseWithResolvers<void> | undefined;

  /** @param beginUs what the clients' clock shows at the beginning */
  constructor(clock: SimulatedClock, beginUs: number) {
    this.#clock = clock;
    this.#beginUs = beginUs;
  }

  at(dueUs: number, action: () => void): void {
    const run = this.#run;
    this.#clock.in(Math.max(0, Math.ceil(dueUs - this.#beginUs - this.#clock.nowUs)), () => {
      if (this.#run === run && run !== undefined) action();
    });
  }

  async run(begin: () => void, { everyMs, action }: Check): Promise<void> {
    this.#run = Promise.withResolvers<void>();
    const timer = this.#clock.setInterval(action, everyMs);
    try {
      begin();
      await this.#run.promise;
    } finally {
      this.#clock.clearInterval(timer);
      this.#run = undefined;
    }
  }

  end(): void {
    this.#clock.hasPromises = true;
    this.#run?.resolve();
  }

  close(): void {}
}

/** A socket. */
export class SimulatedSocket implements ClientSocket, EndEvents {
  isOpen = false;
  readonly #clock: SimulatedClock;
  readonly #input: Uint8Array;
  readonly #events: SocketEvents;
  #end: End | undefined;
  #output: Uint8Array | undefined;
  #isClosed = false;

  /**
   * @param connect makes the connection when it is due; `undefined`: nobody listens
   * @param delayUs how long that takes
   */
  constructor(
    clock: SimulatedClock,
    { connect, delayUs }: { connect: () => End | undefined; delayUs: number },
    { input, events }: { input: Uint8Array; events: SocketEvents },
  ) {
    this.#clock = clock;
    this.#input = input;
    this.#events = events;
    clock.in(delayUs, () => {
      if (this.#isClosed) return;
      const end = this.#end = connect();
      if (end === undefined) {
        this.#isClosed = true;
        return events.failed(new Deno.errors.ConnectionRefused("refused (os error 111)"));
      }
      end.events = this;
      this.isOpen = true;
      events.opened();
    });
  }

  get isWriting(): boolean {
    return this.#output !== undefined;
  }

  write(bytes: Uint8Array): void {
    this.#output = bytes;
    this.#send();
  }

  finish(): void {
    this.#end!.finish();
  }

  close(): void {
    this.#isClosed = true;
    this.#end?.close();
  }

  writable(): void {
    if (this.#isClosed || this.#output === undefined) return;
    this.#send();
    if (this.#output === undefined) this.#events.sent();
  }

  readable(): void {
    if (this.#isClosed) return;
    const count = this.#end!.read(this.#input);
    if (count === AGAIN) return;
    if (count > 0) {
      this.#events.received(count);
      // The rest is another event, unless the connection is closed by now.
      if (!this.#isClosed && this.#end!.isReadable) this.#clock.in(0, () => this.readable());
      return;
    }
    this.close();
    if (count === RESET) this.#events.failed(new Deno.errors.ConnectionReset("os error 104"));
    else this.#events.ended();
  }

  #send(): void {
    const output = this.#output!;
    const count = this.#end!.write(output);
    if (count === AGAIN) return;
    // A reset is reported by the next read.
    if (count === RESET || count === output.length) this.#output = undefined;
    else this.#output = output.subarray(count);
  }
}
