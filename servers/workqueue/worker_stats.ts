/**
 * Statistics of the Workers of a pool. Rows outlive Workers: a row is a place that one Worker after
 * another takes.
 */

/** One row. A crashed or reaped Worker's successor continues it, so rows stay few. */
export interface WorkerStats {
  /** `kworker/0:1` (core 0), `kworker/0:1H` (high priority), `kworker/u:1` (unbound). */
  name: string;
  /** The core, or `null` in an unbound pool. */
  cpu: number | null;
  /** Whether a Worker is there now. */
  alive: boolean;
  /** Workers that were created here. */
  created: number;
  /** Items that ended here, failed ones included. */
  items: number;
  /** Microseconds spent on items from beginning to end, including sleep. */
  busyUs: number;
  /** Workers that crashed here. */
  crashes: number;
}

/** A row, and the present state of its Worker. */
export interface WorkerPlace {
  /** Its statistics. */
  stats: Readonly<WorkerStats>;
  /** The kernel's ID of its thread; null: unknown, or there is no Worker. */
  thread: number | null;
  /** Whether it has an item, running or about to begin. */
  hasItem: boolean;
  /** Whether the item's function has returned a promise that is pending. */
  isAsleep: boolean;
  /** Whether the item reports that it sleeps in a call. */
  isBlocked: boolean;
}

/** A pool's rows; the lowest free one is taken first. */
export class StatsRows {
  readonly rows: WorkerStats[] = [];
  #cpu: number | null;
  #suffix: string;

  constructor(cpu: number | null, isHighPriority: boolean) {
    this.#cpu = cpu;
    this.#suffix = isHighPriority ? "H" : "";
  }

  /** A row without a Worker, for the next one to be created. */
  free(): WorkerStats {
    let row = this.rows.find((row) => !row.alive);
    if (!row) {
      const name = `kworker/${this.#cpu ?? "u"}:${this.rows.length}${this.#suffix}`;
      row = newRow(name, this.#cpu);
      this.rows.push(row);
    }
    return row;
  }
}

/** A new row. */
export function newRow(name: string, cpu: number | null): WorkerStats {
  return { name, cpu, alive: false, created: 0, items: 0, busyUs: 0, crashes: 0 };
}

/** The place of `stats` when no Worker is there. */
export function emptyPlace(stats: WorkerStats): WorkerPlace {
  return {
    stats: { ...stats },
    thread: null,
    hasItem: false,
    isAsleep: false,
    isBlocked: false,
  };
}
