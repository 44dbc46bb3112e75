/**
 * The system calls of the engines `select`, `poll` and `epoll`, over the simulated network. Those
 * engines run unchanged: their pollers, drivers, timers and loop use this in place of the C
 * library.
 *
 * A blocking call runs the simulated world until something is ready, because the thread that blocks
 * is the one that the simulation runs on.
 */
import { setImmediate } from "node:timers";
import { Errno } from "../../../../system/linux/errno.ts";
import { Libc, replaceLibc } from "../../../../system/linux/libc.ts";
import { EVENT_WORDS } from "../../../../system/linux/pollers/epoll.ts";
import type { SimulatedClock } from "./clock.ts";
import {
  ALWAYS,
  Counter,
  type Descriptor,
  Epoll,
  Listening,
  Ready,
  Socket,
} from "./kernel_descriptors.ts";
import type { SimulatedListener } from "./listener.ts";
import { AGAIN, RESET } from "./network.ts";
import type { Random } from "./random.ts";
import type { DriverTraits } from "./simulated_driver.ts";

const EPOLLET = 1 << 31;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

const AF_INET = 2;

/** Bits of an `fd_set` in a word. */
const SET_BITS = 32;

/**
 * Consecutive waits with nothing planned and nothing ready after which nothing can happen any more.
 */
const MAX_IDLE_WAITS = 3;

/**
 * Percentage of calls that are interrupted, and of calls that find nothing although input arrives
 * right after.
 */
const NUISANCE_PERCENT = 2;

/** Thrown from a call that would wait forever, because nothing can happen any more. */
export class AtRest extends Error {
  override name = "AtRest";
}

/** The parts of a simulated kernel. */
export interface KernelOptions {
  listener: SimulatedListener;
  traits: DriverTraits;
  random: Random;
  /** Runs the clock's next event. */
  step(): void;
}

/** This kernel's pointers are the bytes themselves. */
type Memory = Uint8Array;

/** A thread's kernel. */
export class SimulatedKernel {
  /** Whether sending and accepting fail with ENOBUFS. */
  isShort = false;
  readonly #descriptors = new Map<number, Descriptor>();
  readonly #errno = new Int32Array(1);
  readonly #listener: SimulatedListener;
  readonly #clock: SimulatedClock;
  readonly #traits: DriverTraits;
  readonly #random: Random;
  readonly #step: () => void;
  readonly #libc: Libc;
  #idleWaits = 0;
  #letsPromisesRun = false;

  constructor({ listener, traits, random, step }: KernelOptions) {
    this.#listener = listener;
    this.#clock = listener.clock;
    this.#traits = traits;
    this.#random = random;
    this.#step = step;
    this.#libc = new Libc(this.#calls() as unknown as Libc["calls"], this.#errno);
  }

  /** Descriptors that are open. */
  get open(): number {
    return this.#descriptors.size;
  }

  /** Replaces the C library. @returns a function that restores it */
  install(): () => void {
    this.#clock.isThreadBlocking = true;
    const before = replaceLibc(this.#libc);
    return () => void replaceLibc(before);
  }

  /** A descriptor of the listener. */
  listen(): number {
    return this.#add(new Listening(this.#listener));
  }

  /** The rows of `SYMBOLS` that those engines use. */
  #calls() {
    return {
      addressOf: () => 0n,
      pointerOf: (memory: Memory) => memory,
      pointerAt: (address: bigint, memory: Memory) => memory.subarray(Number(address)),

      accept4: (fd: number) => this.#accept(fd),
      getpeername: (fd: number, address: Memory) => this.#peerName(fd, address),
      setsockopt: (fd: number) => this.#socket(fd) === undefined ? this.#fail(Errno.EBADF) : 0,
      recv: (fd: number, to: Memory, capacity: number) => this.#receive(fd, to, capacity),
      send: (fd: number, from: Memory, count: number) =>
        this.#send(fd, count, (length) => from.subarray(0, length)),
      sendBytes: (fd: number, from: Memory, count: number) =>
        this.#send(fd, count, (length) => from.subarray(0, length)),
      sendfile: (fd: number, file: number, position: Memory, count: number) =>
        this.#send(fd, count, (length) => this.#filePart(file, position, length)),
      shutdown: (fd: number) => this.#shutdown(fd),
      close: (fd: number) => this.close(fd),

      eventfd: () => this.#add(new Counter()),
      timerfd_create: () => this.#add(new Counter()),
      timerfd_settime: (fd: number, _flags: number, spec: Memory) => this.#setTimer(fd, spec),
      read: (fd: number, to: Memory) => this.#readCounter(fd, to),
      write: (fd: number) => this.#writeCounter(fd),

      select: (
        end: number,
        readable: Memory,
        writable: Memory,
        _: null,
        timeout: Memory | null,
      ) => this.#select(end, { readable, writable, timeout }),
      poll: (entries: Memory, count: number, timeoutMs: number) =>
        this.#block(timeoutMs, () => this.#poll(wordsAt(entries), count)),
      epoll_create1: () => this.#add(new Epoll()),
      epoll_ctl: (epoll: number, operation: number, fd: number, event: Memory) =>
        this.#control(epoll, operation, { fd, events: wordsAt(event)[0] }),
      epoll_wait: (epoll: number, events: Memory, most: number, timeoutMs: number) =>
        this.#block(timeoutMs, () => this.#collect(epoll, wordsAt(events), most)),
    };
  }

  #fail(errno: Errno): number {
    this.#errno[0] = errno;
    return -1;
  }

  /**
   * Gives `descriptor` the lowest free number, as Unix does, so that numbers are reused at once.
   */
  #add(descriptor: Descriptor): number {
    let fd = 3;
    while (this.#descriptors.has(fd)) ++fd;
    this.#descriptors.set(fd, descriptor);
    return fd;
  }

  #socket(fd: number): Socket | undefined {
    const descriptor = this.#descriptors.get(fd);
    return descriptor instanceof Socket ? descriptor : undefined;
  }

  #accept(fd: number): number {
    if (!(this.#descriptors.get(fd) instanceof Listening)) return this.#fail(Errno.EBADF);
    this.#idleWaits = 0;
    if (this.isShort) return this.#fail(Errno.ENOBUFS);
    const taken = this.#listener.take();
    if (taken === undefined) return this.#fail(Errno.EAGAIN);
    if (taken instanceof Deno.errors.ConnectionAborted) return this.#fail(Errno.ECONNABORTED);
    if (taken instanceof Error) return this.#fail(Errno.EMFILE);
    return this.#add(new Socket(taken, this.#listener));
  }

  #peerName(fd: number, address: Memory): number {
    const socket = this.#socket(fd);
    if (socket === undefined) return this.#fail(Errno.EBADF);
    address.set([AF_INET, 0, 0, 0, 192, 0, 2, socket.arrival.id % 256]);
    return 0;
  }

  /**
   * Decides whether the call on `socket` fails at random. @returns the errno; 0 for a call that
   * proceeds
   */
  #nuisance(socket: Socket): number {
    if (this.#random.chance(NUISANCE_PERCENT)) return Errno.EINTR;
    if (!this.#random.chance(NUISANCE_PERCENT)) return 0;
    // What it waits for arrives right after the call.
    socket.wake();
    return Errno.EAGAIN;
  }

  /** How much of `most` bytes a call moves. */
  #part(most: number): number {
    const length = Math.min(most, this.#traits.mostBytes);
    return length < 1 || this.#random.chance(50) ? length : this.#random.between(1, length);
  }

  #receive(fd: number, to: Memory, capacity: number): number {
    const socket = this.#socket(fd);
    if (socket === undefined) return this.#fail(Errno.EBADF);
    this.#idleWaits = 0;
    const nuisance = this.#nuisance(socket);
    if (nuisance !== 0) return this.#fail(nuisance);
    const { end, id } = socket.arrival;
    const count = end.read(to.subarray(0, this.#part(capacity)));
    if (count === AGAIN) return this.#fail(Errno.EAGAIN);
    if (count === RESET) return this.#fail(Errno.ECONNRESET);
    this.#listener.trace.note(id, "received", count);
    // A real call takes all there is, so the rest counts as having arrived after it.
    if (count < capacity && end.readableBytes > 0) socket.wake();
    return count;
  }

  /**
   * @param bytes returns the first bytes; `undefined` when they cannot be read, no bytes when the
   * file has ended
   */
  #send(fd: number, count: number, bytes: (length: number) => Memory | undefined): number {
    const socket = this.#socket(fd);
    if (socket === undefined) return this.#fail(Errno.EBADF);
    this.#idleWaits = 0;
    const nuisance = this.#nuisance(socket);
    if (nuisance !== 0) return this.#fail(nuisance);
    const { end, id } = socket.arrival;
    if (end.isReset) return this.#fail(Errno.EPIPE);
    if (end.room === 0) return this.#fail(Errno.EAGAIN);
    if (this.isShort) return this.#fail(Errno.ENOBUFS);
    const part = bytes(Math.min(this.#part(count), end.room));
    if (part === undefined) return this.#fail(Errno.EIO);
    const sent = part.length === 0 ? 0 : end.write(part);
    if (sent < 0) return this.#fail(Errno.EPIPE);
    this.#listener.trace.note(id, "sent", sent);
    return sent;
  }

  #filePart(file: number, position: Memory, length: number): Memory | undefined {
    const [low, high] = new Uint32Array(position.buffer, position.byteOffset, 2);
    const bytes = new Uint8Array(length);
    try {
      return bytes.subarray(0, this.#traits.readFile(file, bytes, high * 2 ** 32 + low));
    } catch {
      return undefined;
    }
  }

  #shutdown(fd: number): number {
    const socket = this.#socket(fd);
    if (socket === undefined) return this.#fail(Errno.EBADF);
    const { end, id } = socket.arrival;
    if (end.isReset) return this.#fail(Errno.ENOTCONN);
    this.#listener.trace.note(id, "FIN");
    end.finish();
    return 0;
  }

  /** close(2). @throws {Error} when it is not open: another one may have its number by now */
  close(fd: number): number {
    const descriptor = this.#descriptors.get(fd);
    if (descriptor === undefined) throw new Error(`Descriptor ${fd} is closed, but not open`);
    this.#descriptors.delete(fd);
    descriptor.close();
    return 0;
  }

  #counter(fd: number): Counter | undefined {
    const descriptor = this.#descriptors.get(fd);
    return descriptor instanceof Counter ? descriptor : undefined;
  }

  #setTimer(fd: number, spec: Memory): number {
    const [everyS, , everyNs, , firstS, , firstNs] = wordsAt(spec);
    const us = (seconds: number, ns: number) => seconds * 1e6 + Math.ceil(ns / 1000);
    const counter = this.#counter(fd);
    if (counter === undefined) return this.#fail(Errno.EBADF);
    counter.setTimer(this.#clock, us(firstS, firstNs), us(everyS, everyNs));
    return 0;
  }

  #readCounter(fd: number, to: Memory): number {
    const counter = this.#counter(fd);
    if (counter === undefined) return this.#fail(Errno.EBADF);
    if (counter.count === 0) return this.#fail(Errno.EAGAIN);
    wordsAt(to).set([counter.count, 0]);
    counter.count = 0;
    return 8;
  }

  #writeCounter(fd: number): number {
    const counter = this.#counter(fd);
    if (counter === undefined) return this.#fail(Errno.EBADF);
    counter.add();
    return 8;
  }

  #select(
    end: number,
    { readable, writable, timeout }: {
      readable: Memory;
      writable: Memory;
      timeout: Memory | null;
    },
  ): number {
    const sets = [wordsAt(readable), wordsAt(writable)];
    // Copied, because the sets are overwritten with what is ready.
    const words = Math.ceil(end / SET_BITS);
    const watched = sets.map((set) => set.slice(0, words));
    const wanted = [Ready.In | ALWAYS, Ready.Out | Ready.Error];
    let timeoutMs = -1;
    if (timeout !== null) {
      const time = wordsAt(timeout);
      timeoutMs = time[0] * 1000 + time[2] / 1000;
    }
    return this.#block(timeoutMs, () => {
      let count = 0;
      for (let i = 0; i < sets.length; ++i) {
        sets[i].fill(0, 0, words);
        for (let fd = 0; fd < end; ++fd) {
          const [word, bit] = [fd >>> 5, 1 << (fd & 31)];
          if ((watched[i][word] & bit) === 0) continue;
          const descriptor = this.#descriptors.get(fd);
          if (descriptor === undefined) return this.#fail(Errno.EBADF);
          if ((descriptor.ready & wanted[i]) === 0) continue;
          sets[i][word] |= bit;
          ++count;
        }
      }
      return count;
    });
  }

  /** Writes what is ready into the entries. @returns how many are */
  #poll(entries: Int32Array, count: number): number {
    let found = 0;
    for (let at = 0; at < 2 * count; at += 2) {
      const fd = entries[at];
      const events = entries[at + 1] & 0xffff;
      const descriptor = this.#descriptors.get(fd);
      if (fd >= 0 && descriptor === undefined) {
        throw new Error(`poll watches ${fd}, which is closed`);
      }
      const ready = descriptor === undefined ? 0 : descriptor.ready & (events | ALWAYS);
      entries[at + 1] = events | ready << 16;
      if (ready !== 0) ++found;
    }
    return found;
  }

  #control(
    instance: number,
    operation: number,
    { fd, events }: { fd: number; events: number },
  ): number {
    const epoll = this.#descriptors.get(instance);
    const descriptor = this.#descriptors.get(fd);
    if (!(epoll instanceof Epoll) || descriptor === undefined) return this.#fail(Errno.EBADF);
    const watch = epoll.watched.get(fd);
    if (operation === EPOLL_CTL_ADD) {
      if (watch !== undefined) return this.#fail(Errno.EEXIST);
      const added = { epoll, fd, descriptor, events, isPending: true };
      epoll.watched.set(fd, added);
      descriptor.watches.add(added);
      return 0;
    }
    if (watch === undefined) return this.#fail(Errno.ENOENT);
    if (operation === EPOLL_CTL_DEL) {
      epoll.watched.delete(fd);
      descriptor.watches.delete(watch);
    } else {
      watch.events = events;
      watch.isPending = true;
    }
    return 0;
  }

  /** Writes what is ready into `events`, beginning anywhere. @returns how many are */
  #collect(instance: number, events: Int32Array, most: number): number {
    const epoll = this.#descriptors.get(instance);
    if (!(epoll instanceof Epoll)) return this.#fail(Errno.EBADF);
    let count = 0;
    const ready = [...epoll.watched.values()].filter((watch) => {
      if ((watch.events & EPOLLET) !== 0 && !watch.isPending) return false;
      watch.isPending = (watch.descriptor.ready & (watch.events | ALWAYS)) !== 0;
      return watch.isPending;
    });
    const first = ready.length > 1 ? this.#random.below(ready.length) : 0;
    for (; count < Math.min(most, ready.length); ++count) {
      const watch = ready[(first + count) % ready.length];
      watch.isPending = false;
      events[count * EVENT_WORDS] = watch.descriptor.ready & (watch.events | ALWAYS);
      events[count * EVENT_WORDS + EVENT_WORDS - 2] = watch.fd;
    }
    return count;
  }

  /** Runs the world until `collect` finds something or `timeoutMs` have passed; -1: forever. */
  #block(timeoutMs: number, collect: () => number): number {
    const clock = this.#clock;
    // Simulates that the thread was busy, or had no CPU.
    const busyUntilUs = clock.nowUs + this.#random.below(this.#traits.mostDelayUs + 1);
    while (clock.nextUs <= busyUntilUs && !clock.hasPromises) this.#step();
    if (this.#random.chance(NUISANCE_PERCENT)) return this.#fail(Errno.EINTR);
    const untilUs = timeoutMs < 0 ? Infinity : clock.nowUs + Math.ceil(timeoutMs * 1000);
    for (let steps = 0;; ++steps) {
      const count = collect();
      if (count !== 0) {
        this.#idleWaits = 0;
        return count;
      }
      if (clock.hasPromises) {
        this.#runPromises();
        return 0;
      }
      const { nextUs } = clock;
      if (nextUs === Infinity && (untilUs === Infinity || ++this.#idleWaits > MAX_IDLE_WAITS)) {
        throw new AtRest("nothing can happen any more");
      }
      // A call that does not wait takes time, too; otherwise no time would pass while a loop spins.
      const mayStep = timeoutMs === 0 ? steps === 0 : nextUs <= untilUs;
      if (nextUs === Infinity || !mayStep) {
        if (timeoutMs > 0) clock.passTo(untilUs);
        return 0;
      }
      this.#idleWaits = 0;
      this.#step();
    }
  }

  /** Lets all settled promises run before time advances. */
  #runPromises(): void {
    if (this.#letsPromisesRun) return;
    this.#letsPromisesRun = true;
    setImmediate(() => {
      this.#letsPromisesRun = false;
      this.#clock.hasPromises = false;
    });
  }
}

/** The words that `memory` holds. */
function wordsAt(memory: Memory): Int32Array {
  return new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength >> 2);
}
