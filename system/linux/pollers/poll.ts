/**
 * poll(2), from System V (1986). The process passes an array with an entry for each descriptor, and
 * the kernel writes into each entry what the descriptor is ready for. There is no highest
 * descriptor and nothing to copy, but both the kernel and the process examine all entries for every
 * wait.
 */
import { Errno } from "../errno.ts";
import { type Libc, libc } from "../libc.ts";
import { type Pointer, pointerOf } from "../memory.ts";
import { Interest, type Poller } from "./poller.ts";

const POLLIN = 0x1;
const POLLOUT = 0x4;
const POLLERR = 0x8;
const POLLHUP = 0x10;
/** The descriptor is closed. */
const POLLNVAL = 0x20;

/** Words of a `struct pollfd`: `int fd`; `short events, revents`, in the halves of one word. */
const ENTRY_WORDS = 2;

/** The place of a descriptor that is not watched. */
const NOWHERE = -1;

export class PollPoller implements Poller {
  readonly name = "poll";
  readonly fdLimit = Infinity;
  readonly #libc: Libc = libc();
  /** The array of `struct pollfd`, its pointer, and how many entries are in use. */
  #entries = new Int32Array(64 * ENTRY_WORDS);
  #pointer: Pointer = pointerOf(this.#entries);
  #count = 0;
  /** Descriptor → index of its entry. */
  #places = new Int32Array(64).fill(NOWHERE);
  /** Indices of the entries that are ready. */
  #ready = new Int32Array(64);

  add(fd: number, interest: number): number {
    if (this.#placeOf(fd) !== NOWHERE) return -Errno.EEXIST;
    this.#makeRoom(fd);
    this.#places[fd] = this.#count;
    this.#set(this.#count++, fd, interest);
    return 0;
  }

  change(fd: number, interest: number): number {
    const place = this.#placeOf(fd);
    if (place === NOWHERE) return -Errno.ENOENT;
    this.#set(place, fd, interest);
    return 0;
  }

  remove(fd: number): void {
    const place = this.#placeOf(fd);
    if (place === NOWHERE) return;
    // The last entry takes the free place.
    const entries = this.#entries;
    const last = --this.#count * ENTRY_WORDS;
    const moved = entries[last];
    entries[place * ENTRY_WORDS] = moved;
    entries[place * ENTRY_WORDS + 1] = entries[last + 1];
    this.#places[moved < 0 ? ~moved : moved] = place;
    this.#places[fd] = NOWHERE;
  }

  wait(timeoutMs: number): number {
    const result = this.#libc.result(
      this.#libc.calls.poll(this.#pointer, this.#count, timeoutMs),
    );
    if (result === -Errno.EINTR) return 0;
    return result <= 0 ? result : this.#collect(result);
  }

  fd(i: number): number {
    return this.#ready[i * 2];
  }

  events(i: number): number {
    return this.#ready[i * 2 + 1];
  }

  close(): void {
    this.#count = 0;
    this.#places.fill(NOWHERE);
  }

  #placeOf(fd: number): number {
    return fd < this.#places.length ? this.#places[fd] : NOWHERE;
  }

  /** Writes an entry. The kernel ignores those with a negative descriptor. */
  #set(place: number, fd: number, interest: number): void {
    this.#entries[place * ENTRY_WORDS] = interest === Interest.None ? ~fd : fd;
    this.#entries[place * ENTRY_WORDS + 1] = ((interest & Interest.Read) !== 0 ? POLLIN : 0) |
      ((interest & Interest.Write) !== 0 ? POLLOUT : 0);
  }

  /** Collects the `count` entries that are ready. */
  #collect(count: number): number {
    const entries = this.#entries;
    let found = 0;
    for (let at = 0; found < count; at += ENTRY_WORDS) {
      const happened = entries[at + 1] >>> 16;
      if (happened === 0) continue;
      this.#ready[2 * found] = entries[at];
      this.#ready[2 * found + 1] = (happened & (POLLERR | POLLHUP | POLLNVAL)) !== 0
        ? Interest.Read | Interest.Write
        : ((happened & POLLIN) !== 0 ? Interest.Read : 0) |
          ((happened & POLLOUT) !== 0 ? Interest.Write : 0);
      ++found;
    }
    return found;
  }

  /** Makes room for one more entry, and for the place of `fd`. */
  #makeRoom(fd: number): void {
    if (fd >= this.#places.length) {
      const places = new Int32Array(Math.max(fd + 1, 2 * this.#places.length)).fill(NOWHERE);
      places.set(this.#places);
      this.#places = places;
    }
    if ((this.#count + 1) * ENTRY_WORDS <= this.#entries.length) return;
    const entries = new Int32Array(2 * this.#entries.length);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#pointer = pointerOf(entries);
    this.#ready = new Int32Array(entries.length);
  }
}
