/** Lab `shutdown`: what happens to open connections when a server is unloaded. */
import { formatLatency } from "../../system/units.ts";
import { sleep } from "../../system/wait.ts";
import type { Lab, LabContext, LabServer } from "./lab.ts";
import { withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult } from "./measure.ts";
import { type Finding, finding } from "./verdict.ts";

/**
 * Connections that wait for an answer, and those that have had one and stay open, like a browser's.
 */
const BUSY = 6;
const IDLE = 6;
/** Time that an answer takes, in ms: long enough for the server to be ended meanwhile. */
const WORK_MS = 150;
/** Pause after the request was sent, in ms, so that the server is working on it. */
const PAUSE_MS = 60;
/** How long a connection is watched at most, in ms. */
const PATIENCE_MS = 5000;
const GROUP = "unloading";
const KILLED = "killed";
const AT_ONCE = "told, no grace";
const DRAINED = "told, drained";

/** How the server is ended. */
const WAYS: Record<string, { signal: "SIGTERM" | "SIGKILL"; args: string[] }> = {
  [KILLED]: { signal: "SIGKILL", args: [] },
  [AT_ONCE]: { signal: "SIGTERM", args: ["--grace", "0"] },
  [DRAINED]: { signal: "SIGTERM", args: ["--grace", "5s"] },
};

const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: lab\r\n\r\n");

export const shutdown: Lab = {
  name: "shutdown",
  question: "What happens to open connections when a server is unloaded?",
  seconds: { quick: 6, full: 10 },
  takes: [],
  async run(context) {
    const variants = await measure(
      Object.keys(WAYS).map((label) => ({
        group: GROUP,
        label,
        run: () => unload(WAYS[label], context),
      })),
      context,
    );
    return {
      setup: [
        "Each run starts a 'ktcp http --model per-connection' of its own: a thread for each " +
        `connection, as in khttpd, which takes ${WORK_MS} ms for an answer (--work).`,
        `${IDLE} connections have had an answer and stay open; ${BUSY} have just asked. ` +
        `${PAUSE_MS} ms later the server is ended: by SIGKILL ('${KILLED}'), by SIGTERM with ` +
        `'--grace 0' ('${AT_ONCE}'), by SIGTERM with '--grace 5s' ('${DRAINED}'). From then on ` +
        "new connections are tried until one is refused.",
      ],
      variants,
      drawings: [
        {
          kind: "bars",
          title: `Requests in flight that were answered, of ${BUSY}`,
          figure: "answered",
          groups: [GROUP],
        },
        {
          kind: "bars",
          title: "When the server was gone",
          figure: "goneUs",
          groups: [GROUP],
        },
      ],
      findings: conclude(variants),
    };
  },
};

/** How a connection ended, as its client saw it. */
interface End {
  /** Whether a complete answer arrived. */
  isAnswered: boolean;
  isReset: boolean;
  isOpen: boolean;
}

/** Starts a server, opens connections, ends the server with `signal`, and counts how they ended. */
function unload(
  { signal, args }: { signal: "SIGTERM" | "SIGKILL"; args: string[] },
  { host }: LabContext,
): Promise<Sample> {
  const work = ["--work", `${WORK_MS}ms`, "--work-kind", "block"];
  const starting = host.start("http", ["--model", "per-connection", ...work, ...args]);
  return withServers([starting], async ([server]) => {
    const conns = await openAll(server, IDLE + BUSY);
    try {
      await Promise.all(conns.map(askOnce));
      const [idle, busy] = [conns.slice(0, IDLE), conns.slice(IDLE)];
      const busyEnds = busy.map(async (conn) => {
        await conn.write(REQUEST);
        return await untilEnd(conn);
      });
      const idleEnds = idle.map(untilEnd);
      await sleep(PAUSE_MS);
      const startMs = performance.now();
      const gone = server.end(signal).then(() => (performance.now() - startMs) * 1000);
      await untilRefused(server);
      const refusedAfterUs = (performance.now() - startMs) * 1000;
      const busyOutcomes = await Promise.all(busyEnds);
      const idleOutcomes = await Promise.all(idleEnds);
      const all = [...busyOutcomes, ...idleOutcomes];
      return {
        failed: 0,
        figures: {
          answered: count(busyOutcomes, ({ isAnswered }) => isAnswered),
          cutOff: count(busyOutcomes, ({ isAnswered }) => !isAnswered),
          idleEnded: count(idleOutcomes, ({ isOpen }) => !isOpen),
          resets: count(all, ({ isReset }) => isReset),
          refusedAfterUs,
          goneUs: await gone,
        },
      };
    } finally {
      conns.forEach(closeIfOpen);
    }
  });
}

function count<T>(values: readonly T[], isMeant: (value: T) => boolean): number {
  return values.filter(isMeant).length;
}

function openAll({ hostname, port }: LabServer, count: number): Promise<Deno.TcpConn[]> {
  return Promise.all(Array.from({ length: count }, () => Deno.connect({ hostname, port })));
}

/** The body of the answer, with which it ends. */
const BODY_END = "Hello World!\n";

/** Sends a request and reads its answer. @throws when none comes */
async function askOnce(conn: Deno.TcpConn): Promise<void> {
  await conn.write(REQUEST);
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  for (let text = ""; !text.endsWith(BODY_END);) {
    const length = await conn.read(buffer);
    if (length === null) throw new Error("The server of lab shutdown closed before it was ended");
    text += decoder.decode(buffer.subarray(0, length));
  }
}

function closeIfOpen(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Reads until the server or its kernel ends the connection, then closes it, too. */
async function untilEnd(conn: Deno.TcpConn): Promise<End> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  let text = "";
  const reading = (async () => {
    for (;;) {
      const length = await conn.read(buffer);
      if (length === null) return { isReset: false, isOpen: false };
      text += decoder.decode(buffer.subarray(0, length));
    }
  })().catch((error) => {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    return { isReset: true, isOpen: false };
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<{ isReset: boolean; isOpen: boolean }>((resolve) => {
    timer = setTimeout(() => resolve({ isReset: false, isOpen: true }), PATIENCE_MS);
  });
  const end = await Promise.race([reading, patience]);
  clearTimeout(timer);
  // A pending read fails now.
  reading.catch(() => {});
  conn.close();
  return { ...end, isAnswered: text.endsWith(BODY_END) };
}

/** Interval between attempts to connect, in ms. */
const RETRY_MS = 5;

/** Connects repeatedly until no server listens any more. */
async function untilRefused({ hostname, port }: LabServer): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname, port })).close();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      // The listener was closed with this connection in its queue.
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    await sleep(RETRY_MS);
  }
}

function conclude(variants: VariantResult[]): Finding[] {
  const findings: Finding[] = variants.flatMap(({ label, name, spreads }) => {
    const { answered, cutOff, idleEnded, resets, goneUs } = spreads;
    if (!answered || !cutOff || !idleEnded || !resets || !goneUs) return [];
    const how = resets.median > 0 ? ` (${resets.median} of all by a reset)` : "";
    return [{
      text: `${label}: ${answered.median} of ${BUSY} requests in flight were answered, ` +
        `${cutOff.median} were cut off; ${idleEnded.median} of ${IDLE} idle connections were ` +
        `closed${how}. The process was gone after ${formatLatency(goneUs.median)}.`,
      about: `${name}: requests in flight`,
      verdict: cutOff.high > 0 ? "lower" : "equal",
    }];
  });
  const find = (label: string) => variants.find((variant) => variant.label === label);
  return [
    ...findings,
    ...finding(find(DRAINED), find(AT_ONCE), "goneUs", {
      meaning: {
        higher: "That is the price of draining: the server stays until the last answer has left.",
      },
    }),
    ...(findings.length === 0 ? [] : [{
      text:
        "Nothing crashed, not even when the process was killed: the kernel ends all threads of " +
        "a process before it takes its memory, and closes its sockets. Nobody does that for a " +
        "module: khttpd's threads went on waiting for requests when its code was gone, and the " +
        "browser's next byte, or its end, woke them into a page fault.",
    }]),
  ];
}
