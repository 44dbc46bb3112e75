/**
 * A reserve of descriptors for Workers. Creating a Worker takes six descriptors at once, and the
 * runtime aborts the process if one of them cannot be opened. So they are held open in advance and
 * closed just before a Worker is created.
 */

/** Descriptors that the runtime opens while a Worker is created (Deno 2.9 on Linux). */
export const WORKER_DESCRIPTORS = 6;
/** Held in addition, because a Worker reads its modules while other threads accept connections. */
export const SPARE_DESCRIPTORS = 4;

/** Whether `reason`, an error's message, says that no descriptor is left, which is temporary. */
export function isOutOfDescriptors(reason: string): boolean {
  return /os error 2[34]|too many open files/i.test(reason);
}

/** Something that holds one descriptor. */
export interface Held {
  close(): void;
}

/** Reserves descriptors, and lends them to Workers that are starting. */
export class DescriptorReserve {
  #open: () => Held;
  #size: number;
  #held: Held[] = [];
  #lent = 0;

  /**
   * Opens no descriptor yet.
   *
   * @param open opens one descriptor; the default needs read permission for `/dev/null`. If it
   * fails for another reason than a lack of descriptors, Workers are created without this
   * protection
   * @param size how many descriptors to hold
   */
  constructor(
    open: () => Held = () => Deno.openSync("/dev/null"),
    size = WORKER_DESCRIPTORS + SPARE_DESCRIPTORS,
  ) {
    this.#open = open;
    this.#size = size;
  }

  /**
   * Calls `create` with the reserve released. It stays released until `settle`, because the Worker
   * needs descriptors to read its modules.
   *
   * @returns what `create` returns, or `null` when the process is out of descriptors: `create` was
   * not called, try again later
   */
  lend<T>(create: () => T): T | null {
    const isFull = this.#fill();
    // Another Worker that is reading its modules may need the remaining descriptors.
    if (isFull || this.#lent > 0) this.release();
    if (!isFull) return null;
    this.#lent++;
    try {
      return create();
    } catch (error) {
      this.settle();
      throw error;
    }
  }

  /** To be called when the Worker that `lend` created has started or ended: refills the reserve. */
  settle(): void {
    this.#lent--;
    if (this.#lent === 0) this.#fill();
  }

  /** Closes all held descriptors. */
  release(): void {
    for (const held of this.#held.splice(0)) held.close();
  }

  #fill(): boolean {
    try {
      while (this.#held.length < this.#size) this.#held.push(this.#open());
    } catch (error) {
      return !isOutOfDescriptors(String(error));
    }
    return true;
  }
}
