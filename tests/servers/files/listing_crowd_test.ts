/** Many clients who ask for one listing at once, and leave before it is there. */
import assert from "node:assert/strict";
import { launchServer } from "../../support/launch.ts";
import { requestBytes } from "../../support/file_server.ts";
import { peakResidentBytes } from "../../../system/process_usage.ts";
import { run, withTree } from "./tree.ts";
import { FEWEST_SETUPS, possible, setupArgs } from "../../support/setups.ts";

/** A Worker of per-core, and an engine's loop, share listings as the only thread of single does. */
const LABELS = ["single", "shared-pool"];
const ENTRIES = 20_000;
const CLIENTS = 400;
/** What they may cost together with the one who stays: half of what they cost without sharing. */
const MAX_BYTES = 256 << 20;
const MAX_CPU_MS = 6000;
/** A server has nothing to do when it has used so little of the CPU in such a time. */
const REST_MS = 400;
const REST_CPU_MS = 20;
const CLOCK_TICKS_PER_S = 100;

/** CPU time that all threads of `pid` have had, in ms (utime and stime of proc_pid_stat). */
function cpuMs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 1000 / CLOCK_TICKS_PER_S;
}

/** Waits until `pid` has nothing to do, or has used more than `maxMs` of the CPU. */
async function untilAtRest(pid: number, maxMs: number): Promise<void> {
  for (let before = -Infinity;;) {
    const now = cpuMs(pid);
    if (now - before < REST_CPU_MS || now > maxMs) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }
}

Deno.test("ktcp http --dir shares a listing, and drops it when all who asked have left", {
  ignore: Deno.build.os !== "linux",
}, () =>
  withTree({}, async (root) => {
    Deno.mkdirSync(`${root}/many`);
    run("bash", "-c", `cd "${root}/many" && seq -f 'file-%06g.txt' ${ENTRIES} | xargs touch`);
    for (const setup of possible(FEWEST_SETUPS).filter(({ label }) => LABELS.includes(label))) {
      const { label } = setup;
      await using server = await launchServer(["http", "--dir", root, ...setupArgs(setup)]);
      const { port, process: { pid }, address } = server;
      const idleBytes = peakResidentBytes(pid);
      const idleCpuMs = cpuMs(pid);
      const request = requestBytes("/many/");
      const crowd = await Promise.all(Array.from({ length: CLIENTS }, async () => {
        const conn = await Deno.connect({ hostname: "127.0.0.1", port });
        await conn.write(request);
        return conn;
      }));
      const staying = fetch(`http://${address}/many/?sort=date`).then((answer) => answer.text());
      for (const conn of crowd) conn.close();
      assert.equal((await staying).match(/<tr><td><a class="txt"/g)?.length, ENTRIES);
      await untilAtRest(pid, idleCpuMs + MAX_CPU_MS);
      const usedMs = cpuMs(pid) - idleCpuMs;
      assert.ok(usedMs < MAX_CPU_MS, `${label}: ${usedMs} ms of CPU`);
      const bytes = peakResidentBytes(pid) - idleBytes;
      assert.ok(bytes < MAX_BYTES, `${label}: ${bytes >> 20} MiB more than idle`);
    }
  }));
