/** Attacking clients: a bounded number of loops, each with one connection at a time. */
import { writeAll } from "../client.ts";

/** What an attacker does with a connection; it is closed when this ends, however it ends. */
export type Act = (conn: Deno.Conn, signal: AbortSignal) => Promise<void>;

/** A fault of the server that counts even towards an attacker: it ends the attack, and the run fails. */
export class ServerFault extends Error {
  override name = "ServerFault";
}

/** A number of clients, how they connect, and what they do. */
export interface Crowd {
  clients: number;
  open: () => Promise<Deno.Conn>;
  act: Act;
}

/**
 * Runs `act` on one connection after the other, `clients` at a time, until `signal` aborts, which
 * closes them all. The server may treat attackers as it likes: no error counts except a
 * `ServerFault`.
 *
 * @returns connections that were made
 * @throws {ServerFault} when `act` does
 */
export async function crowd(
  { clients, open, act }: Crowd,
  signal: AbortSignal,
): Promise<number> {
  let connections = 0;
  const loop = async () => {
    while (!signal.aborted) {
      let conn: Deno.Conn;
      try {
        conn = await open();
      } catch {
        await pause(100, signal);
        continue;
      }
      connections++;
      const close = () => {
        try {
          conn.close();
        } catch {
          // It is closed.
        }
      };
      signal.addEventListener("abort", close, { once: true });
      try {
        if (!signal.aborted) await act(conn, signal);
      } catch (error) {
        if (error instanceof ServerFault) throw error;
        await pause(10, signal);
      }
      signal.removeEventListener("abort", close);
      close();
      // A turn for others, should `act` have waited for nothing.
      await pause(1, signal);
    }
  };
  await Promise.all(Array.from({ length: clients }, loop));
  return connections;
}

/** Resolves after `ms`, or when `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}

/** Sends text without waiting for the peer to take all of it. */
export function send(conn: Deno.Conn, text: string): void {
  writeAll(conn, new TextEncoder().encode(text)).catch(() => {});
}

/** Reads until the peer closes, or `ms` are over. @returns whether it has closed */
export async function waitForEnd(
  conn: Deno.Conn,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  const buffer = new Uint8Array(4096);
  let isOpen = true;
  const read = async () => {
    while (await conn.read(buffer) !== null);
  };
  const end = read().catch(() => {}).finally(() => isOpen = false);
  await Promise.race([end, pause(ms, signal)]);
  return !isOpen;
}
