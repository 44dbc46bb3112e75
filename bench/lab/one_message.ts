/** One message on a connection of its own, and what comes back: whole, cut short, or not at all. */
import { Answer } from "../echo/answer.ts";
import type { Target } from "./lab.ts";

/** What became of a message. */
export interface Exchange {
  /** What came back, up to the length of the message and whatever came with it. */
  bytes: Uint8Array;
  /** Whether that is as much as was sent, or more. */
  isWhole: boolean;
  /** Bytes that came only after this side had sent its FIN. */
  bytesAfterFin: number;
}

/** How long the first byte of an answer may take, in ms, on a machine that is busy. */
const FIRST_MS = 1000;

/** How long nothing may come behind it before that counts as all there is, in ms. */
export const QUIET_MS = 200;

/**
 * Sends `message` in one piece. Then it ends the connection in order, with a FIN, and reads on: a
 * server must not see a reset because of bytes that nobody has read.
 *
 * @throws {Error} what connecting or sending throws
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

/** Waits for an answer of `length` bytes, or for what there is of it. */
export async function growWhole(answer: Answer, length: number): Promise<void> {
  await answer.grow(1, FIRST_MS);
  if (answer.bytes.length > 0) await answer.grow(length, QUIET_MS);
}

/** `length` bytes, none of them 0. */
export function textMessage(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0x61 + i % 26);
}
