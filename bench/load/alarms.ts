/** Timed actions in a binary heap, as tens of thousands may wait. */
export class Alarms {
  // The action at `i` is due no later than those at `2i + 1` and `2i + 2`.
  readonly #dueUs: number[] = [];
  readonly #actions: (() => void)[] = [];

  /** When the first action is due; `Infinity` if there is none. */
  get nextUs(): number {
    return this.#dueUs.length === 0 ? Infinity : this.#dueUs[0];
  }

  /** Adds an action that is due at `dueUs`. */
  add(dueUs: number, action: () => void): void {
    let at = this.#dueUs.length;
    while (at > 0) {
      const parent = at - 1 >>> 1;
      if (this.#dueUs[parent] <= dueUs) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#dueUs[at] = dueUs;
    this.#actions[at] = action;
  }

  /** Removes and returns the first action; there must be one. */
  take(): () => void {
    const first = this.#actions[0];
    const dueUs = this.#dueUs.pop()!;
    const action = this.#actions.pop()!;
    const count = this.#dueUs.length;
    if (count === 0) return first;
    // The last entry is sifted down from the top.
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && this.#dueUs[child + 1] < this.#dueUs[child]) ++child;
      if (this.#dueUs[child] >= dueUs) break;
      this.#move(child, at);
      at = child;
    }
    this.#dueUs[at] = dueUs;
    this.#actions[at] = action;
    return first;
  }

  /** Drops all actions. */
  clear(): void {
    this.#dueUs.length = this.#actions.length = 0;
  }

  #move(from: number, to: number): void {
    this.#dueUs[to] = this.#dueUs[from];
    this.#actions[to] = this.#actions[from];
  }
}
