/**
 * A mixed attack on a server of files, one over TLS, and one that sends content back, with
 * well-behaved clients beside it.
 *
 * A server passes when it does not crash, when the well-behaved clients get complete correct answers
 * (`well_behaved.ts` has the rule), when nothing from outside of the directory is served, when all
 * that the attack took is released, when it then serves as many connections as it promises, and
 * when SIGTERM drains it and it exits 0.
 */
import { messageOf } from "../../../system/message_of.ts";
import { readSystemLimits } from "../../../system/limits.ts";
import { connect, readResponse, writeAll } from "../client.ts";
import { ServerProcess } from "../server_process.ts";
import { type Setup, setupArgs } from "../setup.ts";
import type { AttackCounts } from "./attack_worker.ts";
import { Attackers } from "./attackers.ts";
import { ATTACKS, type Victims } from "./attacks.ts";
import { describeFootprints, type Footprint, leftOf, quietFootprint } from "./footprint.ts";
import { Site } from "./site.ts";
import { type Target, WellBehaved } from "./well_behaved.ts";
import { sleep } from "../../../system/wait.ts";

/** Settings of a run. */
export interface AttackOptions {
  /** Length of the attack; a third of it is added before as a warm-up. */
  seconds?: number;
  /** Names of attacks; default: all. */
  attacks?: readonly string[];
  /** `--max-connections` of the server of files. */
  connections?: number;
  /** Entries of the large directory. */
  entries?: number;
}

/** How long a server may take to release what attackers held, in ms: its longest timeouts. */
const QUIET_MS = 45_000;

/** `--max-connections` of the server that sends content back: it has few blocks. */
const ECHO_CONNECTIONS = 40;

/** Descriptors of this process for well-behaved clients and other things. */
const OTHER_DESCRIPTORS = 100;

/** A server and its footprints. */
interface Attacked {
  name: string;
  server: ServerProcess;
  /** After warming up, and at the end. */
  before?: Footprint;
  after?: Footprint;
}

/** Runs the attack. @returns the figures in a line @throws with all that went wrong */
export async function attack(setup: Setup, options: AttackOptions = {}): Promise<string> {
  const { seconds = 30, attacks = Object.keys(ATTACKS), entries = 20_000 } = options;
  const { connections = connectionsFor(setup) } = options;
  using site = new Site(entries);
  site.makeCertificate();
  const start = (most: number, ...args: string[]) => {
    // Only the runtime's sockets speak TLS.
    const of = args.includes("--tls-cert") ? { model: setup.model } : setup;
    const common = ["http", "--port", "0", ...setupArgs(of), "--backlog", "1024"];
    return ServerProcess.start([...common, "--max-connections", String(most), ...args]);
  };
  const tlsConnections = Math.ceil(connections / 4);
  const dir = ["--dir", site.root];
  await using files = await start(connections, ...dir);
  await using tls = await start(
    tlsConnections,
    ...dir,
    "--tls-cert",
    site.cert,
    "--tls-key",
    site.key,
  );
  await using echo = await start(ECHO_CONNECTIONS, "--echo");
  const all: Attacked[] = Object.entries({ files, tls, echo })
    .map(([name, server]) => ({ name, server }));
  const caCert = Deno.readTextFileSync(site.cert);
  const victims: Victims = {
    files: { port: files.port, connections },
    tls: { port: tls.port, connections: tlsConnections, caCert },
    echo: { port: echo.port, connections: ECHO_CONNECTIONS },
    root: site.root,
    outside: site.outside,
  };
  const clients = new WellBehaved([
    ...Array.from({ length: 4 }, (): Target => ({ kind: "files", port: files.port })),
    { kind: "tls", port: tls.port, caCert },
    ...Array.from({ length: 2 }, (): Target => ({ kind: "echo", port: echo.port })),
  ], setup.model === "per-connection");
  const run = async (roundSeconds: number) => {
    const attackers = new Attackers({ names: attacks, victims });
    await sleep(roundSeconds * 1000);
    return await attackers.stop();
  };
  const faults: string[] = [];
  let latency = "";
  let counts: AttackCounts = {};
  try {
    // The first round makes memory grow to what the attack needs.
    await run(seconds / 3);
    await Promise.all(all.map(async (one) => {
      one.before = await quietFootprint(one.server.pid, undefined, QUIET_MS);
    }));
    clients.takeLatenciesMs();
    counts = await run(seconds);
    latency = describeLatencies(clients.takeLatenciesMs());
    await Promise.all(all.map(async (one) => {
      one.after = await quietFootprint(one.server.pid, one.before, QUIET_MS);
    }));
  } catch (error) {
    faults.push(messageOf(error));
  }
  await clients.stop();
  if (clients.faultCount > 0) {
    faults.push(`${clients.faultCount} wrong or missing answers: ${clients.faults.join("; ")}`);
  }
  await useInFull(files.port, connections).catch(({ message }) => faults.push(message));
  for (const one of all) faults.push(...await faultsOf(one));
  const line = `${clients.answers} right answers (${latency}), ${clients.refusals} refusals; ` +
    `${all.map(describe).join("; ")}; attacks: ${describeCounts(counts)}`;
  if (faults.length > 0) throw new Error(`${faults.join(" | ")} | ${line}`);
  return line;
}

/** `--max-connections` for a setup; with `per-connection`, each connection that sends costs a Worker. */
function connectionsFor({ model }: Setup): number {
  const wanted = model === "per-connection" ? 100 : 1000;
  const soft = readSystemLimits().openFiles?.soft ?? Infinity;
  return Math.max(20, Math.min(wanted, Math.floor((soft - OTHER_DESCRIPTORS) / 2)));
}

/** Checks that as many connections at once as the server promises are answered: no block is lost. */
async function useInFull(port: number, connections: number): Promise<void> {
  const open: Deno.Conn[] = [];
  const buffer = new Uint8Array(4096);
  const request = new TextEncoder().encode("GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
  try {
    for (let i = 0; i < connections; i++) {
      const conn = await connect(port);
      open.push(conn);
      // A connection that waits with its request is closed as idle: each may cost 50 ms.
      await writeAll(conn, request);
    }
    for (const conn of open) await readResponse(conn, buffer);
  } catch (error) {
    throw new Error(`Of ${connections} connections at once one is not answered: ${error}`);
  } finally {
    for (const conn of open) conn.close();
  }
}

/** Stops a server. @returns what it still held, and how it ended if not well */
async function faultsOf({ name, server, before, after }: Attacked): Promise<string[]> {
  const faults: string[] = [];
  const left = before && after && leftOf(before, after);
  if (left !== undefined) faults.push(`${name} does not give back: ${left}`);
  const { code, notes } = await server.stop();
  const isWell = code === 0 && !/internal error|panicked/.test(notes);
  if (!isWell) faults.push(`${name} ended with ${code}: ${notes.trim().split("\n")[0]}`);
  return faults;
}

function describe({ name, before, after }: Attacked): string {
  return `${name} ${before && after ? describeFootprints(before, after) : "unknown"}`;
}

function describeLatencies(latenciesMs: number[]): string {
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => (latenciesMs[Math.floor(share * latenciesMs.length)] ?? NaN);
  const max = latenciesMs.at(-1) ?? NaN;
  return `p50 ${at(0.5).toFixed(1)}, p99 ${at(0.99).toFixed(1)}, max ${max.toFixed(1)} ms`;
}

function describeCounts(counts: AttackCounts): string {
  return Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", ");
}
