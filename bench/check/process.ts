/** What the kernel reports about the server's process and its descendants (proc(5)). Linux only. */
import { processTree, residentBytes, treeCpuUs } from "../../system/process_usage.ts";
import type { ServerProcess } from "./target.ts";

/** A process and its descendants. */
export class ProcessTree implements ServerProcess {
  readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  /** Whether any of them is running. */
  get isRunning(): boolean {
    return this.#living().length > 0;
  }

  descriptors(): number | null {
    let sum = 0;
    for (const { pid } of this.#living()) {
      const count = countEntries(`/proc/${pid}/fd`);
      if (count === null) return null;
      sum += count;
    }
    return sum > 0 ? sum : null;
  }

  threads(): number | null {
    const sum = this.#living().reduce((threads, one) => threads + one.threads, 0);
    return sum > 0 ? sum : null;
  }

  memoryBytes(): number | null {
    // A child that ended between the two reads has no memory.
    const sum = this.#living().reduce((bytes, { pid }) => bytes + (residentBytes(pid) || 0), 0);
    return sum > 0 ? sum : null;
  }

  cpuUs(): number | null {
    return this.isRunning ? treeCpuUs(this.pid) : null;
  }

  zombies(): number | null {
    const all = processTree(this.pid);
    return all.length === 0 ? null : all.filter(({ isZombie }) => isZombie).length;
  }

  #living() {
    return processTree(this.pid).filter(({ isZombie }) => !isZombie);
  }
}

/** @returns 0 when the process has ended, null when reading is not permitted */
function countEntries(folder: string): number | null {
  try {
    return [...Deno.readDirSync(folder)].length;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? 0 : null;
  }
}
