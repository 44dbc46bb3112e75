/** What the drivers of a loop that blocks its thread have in common. */
import type { Connection } from "../../connection.ts";
import type { Driver, Want } from "../../driver.ts";
import type { Effect } from "../../service.ts";
import type { EventLoop } from "./event_loop.ts";

/** What drivers need of their loop. */
export type LoopHold = Pick<EventLoop, "hold" | "release">;

/** A driver with its connection. */
export abstract class LoopDriver implements Driver {
  readonly sendsFiles = true;
  /** Set right after construction. */
  protected connection!: Connection;
  readonly #loop: LoopHold;
  #holdsLoop = false;

  constructor(loop: LoopHold) {
    this.#loop = loop;
  }

  advance(want: Want): void {
    this.carryOut(want);
    this.#hold();
  }

  /** Ends this connection alone, because handling an event has failed, which is a bug. */
  broken(error: unknown): void {
    this.advance(this.connection.failed(error));
  }

  await(effect: Promise<Effect>): void {
    effect.then(
      (effect) => this.advance(this.connection.resumed(effect)),
      (error) => this.advance(this.connection.rejected(error)),
    );
  }

  /** Carries out `want`, and what the connection wants after that. Never throws. */
  protected abstract carryOut(want: Want): void;

  /**
   * The loop must not block while a service's promise is outstanding, unless the service itself waits
   * for this connection's socket.
   */
  #hold(): void {
    const isOutstanding = this.connection.isAwaiting && !this.connection.isWriting;
    if (isOutstanding === this.#holdsLoop) return;
    this.#holdsLoop = isOutstanding;
    if (isOutstanding) this.#loop.hold();
    else this.#loop.release();
  }
}
