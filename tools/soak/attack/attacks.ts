/**
 * The attacks: each takes its share of the connections of a server, so that all together stay
 * below its limit, and the limit leaves room for well-behaved clients.
 */
import { listSockets } from "../../../system/sockets/list.ts";
import { connect } from "../client.ts";
import { type Act, crowd, pause, send, ServerFault, waitForEnd } from "./crowd.ts";

/** A server to attack. */
export interface Victim {
  port: number;
  /** Its `--max-connections`. */
  connections: number;
}

/** Where attackers are sent. */
export interface Victims {
  files: Victim;
  tls: Victim & { caCert: string };
  echo: Victim;
  /** The directory that is served, and what lies outside of it. */
  root: string;
  outside: string;
}

/** Runs until `signal` aborts. @returns connections, or swaps, that were made */
export type Attack = (victims: Victims, signal: AbortSignal) => Promise<number>;

/** How long an attacker holds a connection, in ms: some less than the timeouts, some more. */
const HOLD_MS = 8000;

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

/** An attack by a share of the connections, at least one. */
function by(share: number, victim: "files" | "tls" | "echo", act: Act): Attack {
  return (victims, signal) => {
    const { port, connections } = victims[victim];
    const clients = Math.max(1, Math.floor(share * connections));
    return crowd({ clients, open: () => connect(port), act }, signal);
  };
}

/** The same after a TLS handshake. */
function byTls(share: number, act: Act): Attack {
  return ({ tls: { port, connections, caCert } }, signal) => {
    const clients = Math.max(1, Math.floor(share * connections));
    const open = () => Deno.connectTls({ hostname: "localhost", port, caCerts: [caCert] });
    return crowd({ clients, open, act }, signal);
  };
}

function together(...attacks: Attack[]): Attack {
  return async (victims, signal) => {
    const counts = await Promise.all(attacks.map((attack) => attack(victims, signal)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
}

const halfHead: Act = async (conn, signal) => {
  send(conn, "GET /x HT");
  await waitForEnd(conn, HOLD_MS, signal);
};

/** Sends `text` and does not read. */
function deaf(text: string): Act {
  return async (conn, signal) => {
    send(conn, text);
    await pause(HOLD_MS, signal);
  };
}

/** The first bytes of a ClientHello, before its length. */
const CLIENT_HELLO = "\x16\x03\x01\x02\x00\x01";

/**
 * How long a server may keep a silent connection, in ms: an idle one for 5 s, which a server that is
 * short of CPU extends eleven times; time in which its thread does not run does not count.
 */
const SILENT_MS = 80_000;

/** Sends `text`, then nothing. The server must close in time. */
function silentAfter(text: string): Act {
  return async (conn, signal) => {
    send(conn, text);
    const hasClosed = await waitForEnd(conn, SILENT_MS, signal);
    if (hasClosed || signal.aborted || !isHeldByPeer(conn)) return;
    const seconds = SILENT_MS / 1000;
    throw new ServerFault(`Silent after ${text.length} bytes, and still open after ${seconds} s`);
  };
}

/**
 * Whether the peer has accepted the connection and not closed it, as the kernel knows it: a busy
 * thread learns of a FIN late, and for what nobody has accepted no time runs.
 */
function isHeldByPeer(conn: Deno.Conn): boolean {
  const { port: own } = conn.localAddr as Deno.NetAddr;
  const { sockets } = listSockets({ states: new Set(["established"]), ports: new Set([own]) });
  return sockets.some(({ localPort }) => localPort === own) &&
    sockets.some(({ remotePort, inode }) => remotePort === own && inode !== 0);
}

/** All attacks, by name. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  // Output of clients that do not read takes the blocks that heads need.
  blocks: together(
    by(0.15, "files", deaf(get("/page.txt").repeat(900))),
    by(0.3, "files", halfHead),
  ),
  // The same with content that is kept for its answer, against a server with few blocks.
  bodies: together(
    by(0.2, "echo", async (conn, signal) => {
      send(conn, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n${"x".repeat(1e6)}`);
      await waitForEnd(conn, 30_000, signal);
    }),
    by(0.5, "echo", halfHead),
  ),
  listings: by(0.04, "files", async (conn, signal) => {
    send(conn, get("/many/"));
    await pause(300, signal);
  }),
  "slow-readers": by(0.04, "files", async (conn, signal) => {
    send(conn, get("/large.bin"));
    const buffer = new Uint8Array(4096);
    for (let i = 0; i < 100 && !signal.aborted; i++) {
      await conn.read(buffer);
      await pause(50, signal);
    }
  }),
  // Before, within and after the handshake; before, within and after a request.
  "tls-silence": together(
    by(0.06, "tls", silentAfter("")),
    by(0.06, "tls", silentAfter(CLIENT_HELLO)),
    by(0.06, "tls", silentAfter(`${CLIENT_HELLO}${"\0".repeat(200)}`)),
    byTls(0.06, silentAfter("")),
    byTls(0.06, silentAfter("GET /small.txt HT")),
    byTls(0.06, silentAfter("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")),
    byTls(0.06, silentAfter(get("/small.txt"))),
    byTls(0.06, deaf(get("/large.bin"))),
  ),
  // Connections that end at once: by FIN, in a head, and by reset (a close with bytes unread).
  churn: together(
    by(0.01, "files", () => Promise.resolve()),
    by(0.01, "files", (conn) => {
      send(conn, "GET /");
      return Promise.resolve();
    }),
    by(0.01, "files", async (conn) => {
      send(conn, get("/small.txt").repeat(2));
      await conn.read(new Uint8Array(1));
    }),
  ),
  // Downloads that are broken off.
  aborted: by(0.03, "files", async (conn, signal) => {
    send(conn, get("/large.bin"));
    await conn.read(new Uint8Array(1000));
    await pause(20, signal);
  }),
  // Content that comes in later segments, whole or not.
  content: together(
    by(0.02, "files", lateContent),
    by(0.05, "echo", lateContent),
  ),
  swap: (victims, signal) => swap(victims, signal),
};

async function lateContent(conn: Deno.Conn, signal: AbortSignal): Promise<void> {
  send(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n");
  const parts = Math.random() < 0.5 ? 3 : 2;
  for (let i = 0; i < parts; i++) {
    await pause(20, signal);
    send(conn, "x".repeat(20));
  }
  if (parts === 3) await conn.read(new Uint8Array(4096));
}

/**
 * Swaps names between inside and outside in a Worker of its own, in bursts with pauses: the moment
 * between two names is hit because of many requests, without keeping a core busy.
 */
async function swap({ root, outside }: Victims, signal: AbortSignal): Promise<number> {
  const worker = new Worker(new URL("./swap_worker.ts", import.meta.url), { type: "module" });
  const ended = Promise.withResolvers<number>();
  worker.onmessage = ({ data }) => ended.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    ended.reject(new Error(`Swapping failed: ${event.message}`));
  };
  worker.postMessage({ root, outside });
  await Promise.race([pause(2 ** 31 - 1, signal), ended.promise]);
  worker.postMessage("stop");
  try {
    return await ended.promise;
  } finally {
    worker.terminate();
  }
}
