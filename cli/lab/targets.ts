/** `--target name=host:port`: further servers for a comparison. */
import { messageOf } from "../../system/message_of.ts";
import { InvalidArgumentError } from "commander";
import type { ForeignTarget, Target } from "../../bench/lab/lab.ts";
import { listeningProcesses } from "../../system/sockets/listening_processes.ts";
import { Failure } from "../shared/failure.ts";

const SYNTAX = /^([^=]{1,40})=(?:\[([0-9a-f:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/i;

/** How long a server may take to show which protocol it speaks, in ms. */
const PROBE_MS = 3000;

/** How long more bytes may follow a complete echo, in ms. */
const PADDING_MS = 100;

/** Parses a `--target` and adds it to those before it. */
export function parseTarget(text: string, previous: Target[] = []): Target[] {
  const match = SYNTAX.exec(text);
  const port = Number(match?.[4]);
  if (!match || port < 1 || port > 65535) {
    throw new InvalidArgumentError("Write it like nginx=127.0.0.1:80 or kecho=[::1]:12345.");
  }
  const [, name, ipv6, host] = match;
  if (previous.some((target) => target.name === name)) {
    throw new InvalidArgumentError(`The name '${name}' is taken; give each target its own.`);
  }
  return [...previous, { name, hostname: ipv6 ?? host, port }];
}

/**
 * Finds out what `target` speaks: it is sent an HTTP request, which an echo server sends back. Finds
 * its processes as well, where they may be seen.
 *
 * @throws {Failure} when no server listens there, or it speaks neither
 */
export async function probeTarget(target: Target): Promise<ForeignTarget> {
  const { name, hostname, port } = target;
  const wrong = (what: string) =>
    new Failure(`Cannot use --target '${name}=${hostname}:${port}': ${what}`);
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname, port });
  } catch (error) {
    throw wrong(`${messageOf(error)}; start the server first`);
  }
  // Experiments connect to addresses, not to names.
  const address = conn.remoteAddr.hostname;
  const timer = setTimeout(() => closeQuietly(conn), PROBE_MS);
  try {
    const request = `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`;
    await conn.write(new TextEncoder().encode(request));
    const answer = await readAnswer(conn, request);
    if (!answer) throw wrong("it answers a request neither as HTTP nor with the same bytes");
    return { name, hostname: address, port, pids: listeningProcesses(address, port), ...answer };
  } catch (error) {
    throw error instanceof Failure ? error : wrong(`no answer within ${PROBE_MS / 1000} s`);
  } finally {
    clearTimeout(timer);
    closeQuietly(conn);
  }
}

/** Tells the protocol from the answer to `request`; null when it is neither. */
async function readAnswer(
  conn: Deno.TcpConn,
  request: string,
): Promise<Pick<ForeignTarget, "protocol" | "padsTo"> | null> {
  const buffer = new Uint8Array(4096);
  const decoder = new TextDecoder("latin1");
  for (let text = "";;) {
    const count = await conn.read(buffer);
    if (count === null) return null;
    text += decoder.decode(buffer.subarray(0, count));
    if (text.startsWith("HTTP/1.")) return { protocol: "http", padsTo: null };
    if (text.startsWith(request)) {
      const length = text.length + await restOf(conn);
      return { protocol: "echo", padsTo: length === request.length ? null : length };
    }
    if (!request.startsWith(text) && !"HTTP/1.".startsWith(text)) return null;
  }
}

/** How many bytes arrive within {@linkcode PADDING_MS}; closes the connection. */
async function restOf(conn: Deno.TcpConn): Promise<number> {
  const buffer = new Uint8Array(65536);
  const timer = setTimeout(() => closeQuietly(conn), PADDING_MS);
  let length = 0;
  try {
    for (let count; (count = await conn.read(buffer)) !== null;) length += count;
  } catch {
    // Closed by the timer.
  } finally {
    clearTimeout(timer);
  }
  return length;
}

function closeQuietly(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // Closed by the timer.
  }
}
