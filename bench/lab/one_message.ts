/**
 * Sends one message on a connection of its own, and reports what comes back: all of it, a part, or
 * nothing.
 */
import { Answer } from "../echo/answer.ts";
import type { Target } from "./lab.ts";

/** The outcome of a message. */
export interface Exchange {
  /**
   * What came back: at least up to the length of the message, and any bytes received along with it.
   */
  bytes: Uint8Array;
  /** Whether at least as much came back as was sent. */
  isWhole: boolean;
  /** Bytes that came only after this side had sent its FIN. */
  bytesAfterFin: number;
}

/** How long the first byte of an answer may take, in ms, on a busy machine. */
const FIRST_MS = 1000;

/** How long nothing more may arrive until the answer counts as complete, in ms. */
export const QUIET_MS = 200;

/**
 * Sends `message` in one piece. Then it closes the connection properly, with a FIN, and reads until
 * the end, so that unread bytes do not cause a reset at the server.
 *
 * @throws {Error} when connecting or sending fails
 */
export async function exchange(target: Target, message: Uint8Array): Promise<Exchange> {
  const { hostname, port } = target;
  const conn = await Deno.connect({ hostname, port });
  try {
    const answer = new Answer(conn);
    for (let at = 0; at < message.length;) at += await conn.write(message.subarray(at));
    await growWhole(answer, message.length);
    const bytes = answer.bytes;
    await conn.closeWrite();
    await answer.grow(Infinity, QUIET_MS);
    return {
      bytes,
      isWhole: bytes.length >= message.length,
      bytesAfterFin: answer.bytes.length - bytes.length,
    };
  } finally {
    conn.close();
  }
}

/** Waits for an answer of `length` bytes, or for the part of it that arrives. */
export async function growWhole(answer: Answer, length: number): Promise<void> {
  await answer.grow(1, FIRST_MS);
  if (answer.bytes.length > 0) await answer.grow(length, QUIET_MS);
}

/** `length` bytes, none of them 0. */
export function textMessage(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0x61 + i % 26);
}
