/**
 * The seam between the clients of a thread and the way in which the thread waits: for events of
 * sockets, for intended starts, for the time of a check. `runtime_loop.ts` leaves the waiting to the
 * runtime; the loops in `linux/` block the thread in a system call.
 */

/** What is done at intervals: timeouts, a look at whether the load was halted. */
export interface Check {
  everyMs: number;
  action(): void;
}

/** The loop of a thread. */
export interface LoadLoop {
  /**
   * Calls `action` when it is `dueUs` on this thread's clock, or at once behind what is under way
   * when that has passed; unless the run ends before.
   */
  at(dueUs: number, action: () => void): void;

  /**
   * Calls `begin`, and then lets events and actions happen until {@linkcode end}.
   *
   * @throws what an event or action throws, and what the system refuses
   */
  run(begin: () => void, check: Check): Promise<void>;

  /** Lets `run` return. */
  end(): void;

  /** Gives back what the loop holds in the kernel. */
  close(): void;
}
