/** Blocks of a core's memory that nothing may write to while a test holds them. */
import assert from "node:assert/strict";
import type { Core } from "../../core/mod.ts";
import { Place } from "../../core/shared/abi.ts";

/** What a guard is filled with. */
const MARK = 0xa5;

/** A block that a test holds, filled with a mark. */
export class GuardBlock {
  readonly #core: Core;
  readonly #bytes: Uint8Array;

  /** Takes a block. */
  constructor(core: Core) {
    this.#core = core;
    const start = core.open();
    assert.notEqual(start, 0, "a block is left");
    const blockBytes = core.words[Place.BlockBytes >>> 2];
    this.#bytes = core.bytes.subarray(start, start + blockBytes).fill(MARK);
  }

  /** The block's address. */
  get start(): number {
    return this.#bytes.byteOffset;
  }

  /** Whether nothing has written to it. */
  get isIntact(): boolean {
    return this.#bytes.every((byte) => byte === MARK);
  }

  /** Gives the block back. */
  close(): void {
    // As a connection that holds no output.
    this.#bytes.fill(0);
    this.#core.close(this.start);
  }
}
