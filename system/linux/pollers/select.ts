/**
 * select(2), from 4.2BSD (1983). The process passes sets of descriptors, one bit for each, and the
 * kernel overwrites them with the ready ones. So they are copied before every wait, and searched
 * after it. A set has FD_SETSIZE bits; a larger descriptor would be written outside of it.
 */
import { Errno } from "../errno.ts";
import { type Libc, libc } from "../libc.ts";
import { type Pointer, pointerOf } from "../memory.ts";
import { Interest, type Poller } from "./poller.ts";

/** Bits of an `fd_set`, and 32 of them in a word. */
const FD_SETSIZE = 1024;
const SET_WORDS = FD_SETSIZE / 32;

export class SelectPoller implements Poller {
  readonly name = "select";
  readonly fdLimit = FD_SETSIZE;
  readonly #libc: Libc = libc();
  /** What is watched. Two `fd_set`s in a row: for reading, and for writing. */
  readonly #watched = new Uint32Array(2 * SET_WORDS);
  /** A copy of it, which the kernel overwrites with what is ready. */
  readonly #sets = new Uint32Array(2 * SET_WORDS);
  readonly #readSet: Pointer = pointerOf(this.#sets);
  readonly #writeSet: Pointer = pointerOf(this.#sets.subarray(SET_WORDS));
  /** A `struct timeval`: seconds and microseconds, 64 bits each. Overwritten by the kernel, too. */
  readonly #timeval = new Uint32Array(4);
  readonly #timevalPointer: Pointer = pointerOf(this.#timeval);
  /** A byte for each descriptor: whether it was added. */
  readonly #isAdded = new Uint8Array(FD_SETSIZE);
  /** One more than the highest watched descriptor; an upper bound. */
  #end = 0;
  /** The descriptors that are ready, and what for. */
  readonly #ready = new Int32Array(FD_SETSIZE);
  readonly #events = new Uint8Array(FD_SETSIZE);

  add(fd: number, interest: number): number {
    if (fd >= FD_SETSIZE) return -Errno.EINVAL;
    if (this.#isAdded[fd] !== 0) return -Errno.EEXIST;
    this.#isAdded[fd] = 1;
    if (fd >= this.#end) this.#end = fd + 1;
    this.#set(fd, interest);
    return 0;
  }

  change(fd: number, interest: number): number {
    if (fd >= FD_SETSIZE || this.#isAdded[fd] === 0) return -Errno.ENOENT;
    this.#set(fd, interest);
    return 0;
  }

  remove(fd: number): void {
    if (fd >= FD_SETSIZE || this.#isAdded[fd] === 0) return;
    this.#isAdded[fd] = 0;
    this.#set(fd, Interest.None);
    while (this.#end > 0 && this.#isAdded[this.#end - 1] === 0) --this.#end;
  }

  wait(timeoutMs: number): number {
    const { calls } = this.#libc;
    this.#sets.set(this.#watched);
    let timeout: Pointer | null = null;
    if (timeoutMs >= 0) {
      this.#timeval[0] = timeoutMs / 1000;
      this.#timeval[2] = timeoutMs % 1000 * 1000;
      timeout = this.#timevalPointer;
    }
    const result = this.#libc.result(
      calls.select(this.#end, this.#readSet, this.#writeSet, null, timeout),
    );
    if (result === -Errno.EINTR) return 0;
    return result <= 0 ? result : this.#collect();
  }

  fd(i: number): number {
    return this.#ready[i];
  }

  events(i: number): number {
    return this.#events[i];
  }

  close(): void {
    this.#watched.fill(0);
    this.#isAdded.fill(0);
    this.#end = 0;
  }

  /** FD_SET and FD_CLR in both sets. */
  #set(fd: number, interest: number): void {
    const bit = 1 << (fd & 31);
    const word = fd >>> 5;
    const watched = this.#watched;
    if ((interest & Interest.Read) !== 0) watched[word] |= bit;
    else watched[word] &= ~bit;
    if ((interest & Interest.Write) !== 0) watched[SET_WORDS + word] |= bit;
    else watched[SET_WORDS + word] &= ~bit;
  }

  /** FD_ISSET of all descriptors, 32 at a time. @returns how many are ready */
  #collect(): number {
    const sets = this.#sets;
    let count = 0;
    for (let word = 0; word << 5 < this.#end; ++word) {
      const readable = sets[word];
      const writable = sets[SET_WORDS + word];
      for (let bits = readable | writable; bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits;
        this.#ready[count] = (word << 5) + 31 - Math.clz32(bit);
        this.#events[count] = ((readable & bit) !== 0 ? Interest.Read : 0) |
          ((writable & bit) !== 0 ? Interest.Write : 0);
        ++count;
      }
    }
    return count;
  }
}
