/**
 * The interface between the clients of a thread and the way in which the thread waits for events of
 * sockets, intended starts, and periodic checks. `runtime_loop.ts` leaves the waiting to the
 * runtime; the loops in `linux/` block the thread in a system call.
 */

/** A periodic check: for timeouts, and whether the load was halted. */
export interface Check {
  everyMs: number;
  action(): void;
}

/** The loop of a thread. */
export interface LoadLoop {
  /**
   * Calls `action` at `dueUs` on this thread's clock, or right after the present event if that has
   * passed, unless the run ends before.
   */
  at(dueUs: number, action: () => void): void;

  /**
   * Calls `begin`, and then handles events and actions until {@linkcode end}.
   *
   * @throws the errors of events, actions and system calls
   */
  run(begin: () => void, check: Check): Promise<void>;

  /** Makes `run` return. */
  end(): void;

  /** Releases the loop's kernel resources. */
  close(): void;
}
