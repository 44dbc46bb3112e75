/** For tests of time on machines that do something else as well. */
import { readMachine } from "../../system/machine.ts";

/** What others do on the machine may spoil a run; what the code under test does wrong spoils each. */
const ATTEMPTS = 5;

/** A test whose verdict depends on the machine having time for it: one good run is enough. */
export function timed(name: string, run: () => Promise<void>): void {
  Deno.test(name, () => withinAttempts(run, name));
}

/**
 * Runs `attempt` until it succeeds, at most five times; throws what the last one threw. What failed is
 * written down, with `name`: a fault that shows now and then must not hide behind a busy machine.
 */
export async function withinAttempts(attempt: () => Promise<void>, name: string): Promise<void> {
  for (let number = 1;; number++) {
    try {
      return await attempt();
    } catch (error) {
      if (number === ATTEMPTS) throw error;
      const message = (error as Error).message.split(/\s+/).join(" ");
      const line = `attempt ${number} of ${ATTEMPTS} failed: ${name}: ${message}\n`;
      const log = Deno.env.get("KTCP_ATTEMPTS_LOG");
      if (log !== undefined) await Deno.writeTextFile(log, line, { append: true });
    }
  }
}

/** Share of the last ten seconds, in per cent, in which threads waited for a CPU on a busy machine. */
const BUSY_PRESSURE = 10;

/**
 * How much wider than on a quiet machine the bounds of time have to be: there is no more to learn
 * from a few milliseconds where many processes compete for each core. The kernel's pressure figure
 * is of the last ten seconds; the load average, where there is none, is of the last minute.
 */
export function slack(): number {
  const pressure = readMachine().pressure?.cpu;
  const isBusy = pressure === undefined
    ? Deno.loadavg()[0] > 1.5 * navigator.hardwareConcurrency
    : pressure > BUSY_PRESSURE;
  return isBusy ? 5 : 1;
}
