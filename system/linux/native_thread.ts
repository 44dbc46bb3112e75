/**
 * Threads of the C library that run a C function. JavaScript cannot run on them, but they show the
 * cost of a bare thread. See pthread_create(3) and sem_wait(3).
 */
import { libc, LibcError, SystemError } from "./libc.ts";
import { type Pointer, pointerOf } from "./memory.ts";

/** Larger than any C library's `sem_t`, in bytes. */
const SEM_BYTES = 128;

/** A semaphore, and the threads that wait for it. */
export class NativeThreads {
  readonly #calls: ThreadCalls;
  /** Waiting threads wait for it. */
  readonly #gate: Semaphore;
  /** New threads post it when they run. */
  readonly #begun: Semaphore;
  readonly #id = new BigUint64Array(1);
  readonly #waiting: bigint[] = [];

  /** @throws {LibcError} when FFI is not permitted, or the C library has no threads for it */
  constructor() {
    this.#calls = threadCalls();
    this.#gate = new Semaphore(this.#calls, "sem_wait");
    this.#begun = new Semaphore(this.#calls, "sem_post");
  }

  /** Creates a thread, waits until it runs, and then until it has ended. @throws {SystemError} */
  runOne(): void {
    const id = this.#create(this.#begun);
    this.#begun.wait();
    this.#join(id);
  }

  /** Creates a thread that waits until the threads are ended. @throws {SystemError} */
  addWaiting(): void {
    this.#waiting.push(this.#create(this.#gate));
  }

  /** Ends the waiting threads. */
  end(): void {
    for (const _ of this.#waiting) this.#gate.post();
    for (const id of this.#waiting.splice(0)) this.#join(id);
  }

  #create(semaphore: Semaphore): bigint {
    const bytes = new Uint8Array(this.#id.buffer);
    const error = this.#calls.create(bytes, null, semaphore.start, semaphore.pointer);
    if (error !== 0) throw new SystemError("pthread_create", error);
    return this.#id[0];
  }

  #join(id: bigint): void {
    const error = this.#calls.join(id, null);
    if (error !== 0) throw new SystemError("pthread_join", error);
  }
}

/** A semaphore, initially 0, and a thread function that takes it as its argument. */
class Semaphore {
  readonly pointer: Pointer;
  /** The function's address. */
  readonly start: Pointer;
  readonly #calls: ThreadCalls;
  /** Keeps it reachable. */
  readonly #memory = new Uint8Array(SEM_BYTES);

  constructor(calls: ThreadCalls, name: string) {
    this.#calls = calls;
    this.pointer = pointerOf(this.#memory);
    const start = calls.find(null, new TextEncoder().encode(`${name}\0`));
    if (start === null) throw new LibcError(`Cannot find ${name} in the C library`);
    this.start = start;
    calls.init(this.pointer, 0, 0);
  }

  post(): void {
    this.#calls.post(this.pointer);
  }

  wait(): void {
    this.#calls.wait(this.pointer);
  }
}

type ThreadCalls = ReturnType<typeof threadCalls>;

function threadCalls() {
  const { pthread_create, pthread_join, sem_init, sem_post, sem_wait, dlsym } = libc().calls;
  if (!pthread_create || !pthread_join || !sem_init || !sem_post || !sem_wait || !dlsym) {
    throw new LibcError("Cannot create threads: this C library keeps them in a library of its own");
  }
  return {
    create: pthread_create,
    join: pthread_join,
    init: sem_init,
    post: sem_post,
    wait: sem_wait,
    find: dlsym,
  };
}
