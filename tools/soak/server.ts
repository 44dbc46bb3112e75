/** Sends mutated requests to a running server. */
import type { Random } from "./random.ts";
import { mutatedRequest } from "./requests.ts";

/** How many requests are sent, and how. */
export interface ServerSoakOptions {
  requests: number;
  /** Connections at once. */
  connections: number;
  random: Random;
  /** Called now and then, with the number of requests sent. */
  onProgress?: (requests: number) => void;
}

/** What came back. */
export interface ServerSoak {
  requests: number;
  /** Responses by status. */
  statuses: Map<number, number>;
}

/** How often progress is reported in all. */
const REPORTS = 20;

/**
 * Sends requests to a loopback port, each on a connection of its own, so that its outcome does not
 * depend on others, in one or more pieces and followed by a FIN; reads all that comes back.
 *
 * @throws when a connection is refused or reset, or when something other than a response comes back
 */
export async function soakServer(port: number, options: ServerSoakOptions): Promise<ServerSoak> {
  const { random, requests, onProgress } = options;
  const soak: ServerSoak = { requests: 0, statuses: new Map() };
  const step = Math.ceil(requests / REPORTS);
  const work = async () => {
    while (soak.requests < requests) {
      const request = mutatedRequest(random);
      if (++soak.requests % step === 0) onProgress?.(soak.requests);
      const longest = Math.max(1, random.pick([request.length, request.length >> 1]));
      const answer = await exchange(port, [...random.pieces(request, longest)]);
      for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
        soak.statuses.set(Number(status), (soak.statuses.get(Number(status)) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: options.connections }, work));
  return soak;
}

const decoder = new TextDecoder("latin1");

/** A server that keeps a connection longer than this, in ms, hangs. */
const DEADLINE_MS = 60_000;

/**
 * @returns all that comes back, as latin1
 * @throws when the server hangs, or sends something other than responses
 */
async function exchange(port: number, parts: readonly Uint8Array[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  let isHung = false;
  const timer = setTimeout(() => {
    isHung = true;
    conn.close();
  }, DEADLINE_MS);
  let text = "";
  try {
    const sending = send(conn, parts);
    const buffer = new Uint8Array(16384);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      text += decoder.decode(buffer.subarray(0, count));
    }
    await sending;
  } catch (error) {
    if (!isHung) throw error;
    throw new Error(
      `The server has not closed a connection within ${DEADLINE_MS / 1000} s: ${text}`,
    );
  } finally {
    clearTimeout(timer);
  }
  if (text !== "" && !text.startsWith("HTTP/1.1 ")) throw new Error(`No response: ${text}`);
  return text;
}

async function send(conn: Deno.TcpConn, parts: readonly Uint8Array[]): Promise<void> {
  try {
    for (const part of parts) {
      for (let at = 0; at < part.length;) at += await conn.write(part.subarray(at));
    }
    await conn.closeWrite();
  } catch (error) {
    // The server answered, and closed while this was still sending.
    const { BrokenPipe, NotConnected, ConnectionReset } = Deno.errors;
    const isClosed = [BrokenPipe, NotConnected, ConnectionReset].some((kind) =>
      error instanceof kind
    );
    if (!isClosed) throw error;
  }
}
