/**
 * Requests with content that the server does not use: a server that answers and closes without
 * having read it resets the connection, and the client may lose the answer.
 */
import type { FigureValues } from "./figures.ts";
import type { Target } from "./lab.ts";
import { formatAddress } from "../../system/address.ts";

/** Content of a request, in bytes: more than the buffers of an unread socket hold on loopback. */
export const UNWANTED_BYTES = 8 << 20;

/** How long an exchange may take, in ms. */
const LIMIT_MS = 5000;

/** Sends `count` such requests to `target`, one after another, each on a connection of its own. */
export async function sendUnwanted(
  target: Target,
  count: number,
  signal: AbortSignal,
): Promise<FigureValues> {
  const sum = { connections: 0, wholeAnswers: 0, clientResets: 0, clientPipes: 0, unanswered: 0 };
  while (sum.connections < count && !signal.aborted) {
    const { isWhole, error } = await sendOne(target);
    sum.connections++;
    if (isWhole) sum.wholeAnswers++;
    else if (error === null) sum.unanswered++;
    if (error !== null) sum[error]++;
  }
  return sum;
}

/** How an exchange ended for the client: whether it got a complete answer, and its first error. */
interface End {
  isWhole: boolean;
  error: "clientResets" | "clientPipes" | null;
}

async function sendOne(target: Target): Promise<End> {
  const { hostname, port } = target;
  using conn = await Deno.connect({ hostname, port });
  const timer = setTimeout(() => conn.close(), LIMIT_MS);
  let text = "";
  let first: End["error"] = null;
  const note = (error: unknown) => {
    if (error instanceof Deno.errors.ConnectionReset) first ??= "clientResets";
    // The reset arrived after the server's FIN.
    if (error instanceof Deno.errors.BrokenPipe) first ??= "clientPipes";
  };
  const reading = readAll(conn, (part) => text += part).catch(note);
  const head = `POST / HTTP/1.1\r\nHost: ${formatAddress(target)}\r\nConnection: close\r\n` +
    `Content-Length: ${UNWANTED_BYTES}\r\n\r\n`;
  await writeAll(conn, new TextEncoder().encode(head))
    .then(() => writeAll(conn, new Uint8Array(UNWANTED_BYTES))).catch(note);
  await reading;
  clearTimeout(timer);
  return { isWhole: isWholeAnswer(text), error: first };
}

async function readAll(conn: Deno.Conn, take: (part: string) => void): Promise<void> {
  const buffer = new Uint8Array(4096);
  const decoder = new TextDecoder("latin1");
  for (let count; (count = await conn.read(buffer)) !== null;) {
    take(decoder.decode(buffer.subarray(0, count)));
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

/** Whether `text` is a response with all the content that its Content-Length announces. */
export function isWholeAnswer(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (!text.startsWith("HTTP/1.") || end < 0) return false;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, end))?.[1] ?? "0";
  return text.length >= end + 4 + Number(length);
}
