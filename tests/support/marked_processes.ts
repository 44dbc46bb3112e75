/** Finds the processes that a run started, at whatever remove. Linux only. */

/** A mark in the environment, which processes inherit. */
export class Marker {
  readonly #name = "KTCP_TEST";
  readonly #value = crypto.randomUUID();

  /** What to start a process with. */
  get env(): Record<string, string> {
    return { [this.#name]: this.#value };
  }

  /** The command lines of the running processes that have the mark. */
  processes(): string[] {
    return this.#all().map(({ command }) => command);
  }

  /** Their process numbers. */
  pids(): number[] {
    return this.#all().map(({ pid }) => pid);
  }

  #all(): { pid: number; command: string }[] {
    const marker = `${this.#name}=${this.#value}`;
    return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name))
      .flatMap(({ name }) => {
        try {
          const environ = Deno.readTextFileSync(`/proc/${name}/environ`);
          const command = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
          // A process that has ended has no command line any more.
          return environ.includes(marker) && command !== "" ? [{ pid: +name, command }] : [];
        } catch {
          return [];
        }
      });
  }
}
