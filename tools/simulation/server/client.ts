/** What all clients in a simulation have in common: an end of the network, paced by chance. */
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import type { SimulatedListener } from "../../../servers/net/engines/simulated/listener.ts";
import {
  AGAIN,
  type End,
  type EndEvents,
  RESET,
} from "../../../servers/net/engines/simulated/network.ts";
import { Random } from "../../../servers/net/engines/simulated/random.ts";
import type { Trace } from "../../../servers/net/engines/simulated/trace.ts";
import { Wrong } from "../failure.ts";
import type { SimulatedDisk } from "./disk.ts";
import type { ServerEvent, ServerSettings } from "./plan.ts";

/** What clients know of their world. */
export interface ClientWorld {
  clock: SimulatedClock;
  listener: SimulatedListener;
  trace: Trace;
  disk: SimulatedDisk;
  settings: ServerSettings;
  /** The server was told to end: connections may end without an answer. */
  readonly isDraining: boolean;
  /** Something may have been refused for lack of memory, or because the disk failed, since `sinceUs`. */
  mayHaveFailed(sinceUs: number): boolean;
  /** The disk may have failed since `sinceUs`, or the kernel may have had no memory. */
  isTroubled(sinceUs: number): boolean;
  /** How long an old version of a file may still be sent, in µs. */
  readonly staleUs: number;
}

/** The plan of a client. */
export type ClientPlan = Extract<ServerEvent, { id: number }>;

/** The buffer of all reads: what was read is handled before the next read. */
const input = new Uint8Array(65536);

/** A client. */
export abstract class Client implements EndEvents {
  /** It has received all that it waited for. */
  isDone = false;
  protected readonly world: ClientWorld;
  protected readonly random: Random;
  protected readonly id: number;
  protected end!: End;
  readonly #plan: ClientPlan;
  readonly #output: Uint8Array[] = [];
  /** A FIN is to be sent after the output. */
  #finishes = false;
  #hasRead = false;
  #drainUntilUs = -Infinity;
  protected isReading = true;
  #isReadPlanned = false;

  constructor(plan: ClientPlan, world: ClientWorld) {
    this.#plan = plan;
    this.world = world;
    this.id = plan.id;
    this.random = new Random(plan.seed, 2);
  }

  /** Whether everything was sent that it wanted to. */
  protected get hasSentAll(): boolean {
    return this.#output.length === 0;
  }

  /** Connects. */
  start(): void {
    const end = this.world.listener.connect(this.id, this.#plan.seed, this.#plan.network);
    if (end === undefined) return this.refused();
    this.end = end;
    end.events = this;
    this.world.trace.note(this.id, "connects");
    this.connected();
  }

  /** It can send. */
  protected abstract connected(): void;
  /** `bytes` have come; valid only during the call. */
  protected abstract received(bytes: Uint8Array): void;
  /** The server's FIN has come, or with `isReset` a reset. */
  protected abstract ended(isReset: boolean): void;

  /**
   * The server begins to end, and has until `untilUs` for what is in progress: what it has received
   * by now is still answered.
   */
  serverDrains(untilUs: number): void {
    if (this.isDone || !this.hasSentAll || this.end.unread > 0) return;
    this.#drainUntilUs = untilUs;
    this.owed();
  }

  /** The server has received all that was sent, and then begun to drain. */
  protected owed(): void {}

  /** The server has closed early enough to have answered what it owed. */
  protected get isDrainedInTime(): boolean {
    return this.world.clock.nowUs < this.#drainUntilUs;
  }

  /** Nobody listens. */
  protected refused(): void {
    if (!this.world.isDraining) this.wrong("the connection was refused");
    this.isDone = true;
  }

  protected wrong(what: string): never {
    throw new Wrong(`client ${this.id}: ${what}`);
  }

  protected send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#output.push(bytes);
    if (this.#output.length === 1) this.writable();
  }

  /** Sends a FIN after its output. */
  protected finish(): void {
    this.#finishes = true;
    if (this.hasSentAll) this.end.finish();
  }

  /** Has no more to do with the connection. */
  protected leave(): void {
    this.isDone = true;
    this.end.close();
  }

  writable(): void {
    while (this.#output.length > 0) {
      const bytes = this.#output[0];
      const count = this.end.write(bytes);
      if (count === AGAIN) return;
      if (count === RESET) {
        // The next read reports it.
        this.#output.length = 0;
        return;
      }
      if (count === bytes.length) this.#output.shift();
      else this.#output[0] = bytes.subarray(count);
    }
    if (this.#finishes) this.end.finish();
  }

  readable(): void {
    if (!this.isReading || this.#isReadPlanned || this.#hasRead) return;
    this.#isReadPlanned = true;
    this.world.clock.in(this.random.below(this.#plan.readDelayUs + 1), () => {
      this.#isReadPlanned = false;
      this.#read();
    });
  }

  #read(): void {
    if (this.end.isClosed || !this.isReading) return;
    const count = this.end.read(input.subarray(0, this.#plan.readBytes));
    if (count === AGAIN) return;
    if (count > 0) {
      const bytes = input.subarray(0, count);
      this.world.trace.mixBytes(bytes);
      this.received(bytes);
      if (this.end.isReadable) this.readable();
      return;
    }
    this.#hasRead = true;
    this.world.trace.note(this.id, count === RESET ? "sees a reset" : "sees the end");
    this.ended(count === RESET);
  }
}
