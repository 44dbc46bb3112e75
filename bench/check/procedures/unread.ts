/** A client that sends without reading, until the server accepts no more. */
import { settledWithin } from "../../../system/wait.ts";
import type { Peer } from "../peer.ts";
import type { Target } from "../target.ts";
import { messages } from "./exchange.ts";

/**
 * More than the kernel buffers for one connection, in bytes: a server that accepts all of it must
 * hold it itself.
 */
export const UNREAD_BYTES = 24 << 20;

/** A client whose bytes are not accepted for this time has stalled, in ms. */
const STALLED_MS = 400;

/**
 * The longest time that {@link sendUnread} takes, in ms, if the server accepts a little at a time.
 */
export const UNREAD_MS = 6000;

/** A client whose answers have not been read. */
export interface Unread {
  /** Bytes that the server accepted. */
  sent: number;
  /** Whether the server accepted no more, so that what it holds is bounded. */
  isStalled: boolean;
  /** Resolves when the last write has ended, for which the client has to read or close. */
  sending: Promise<void>;
}

/**
 * Sends messages on `peer` without reading answers, until it stalls or has sent {@link
 * UNREAD_BYTES}.
 */
export async function sendUnread(target: Target, peer: Peer): Promise<Unread> {
  peer.pause();
  const part = messages(target, 0, 2000);
  const deadlineMs = performance.now() + UNREAD_MS;
  let sent = 0;
  let isEnough = false;
  const sending = (async () => {
    while (!isEnough && sent < UNREAD_BYTES && await peer.send(part)) sent += part.length;
  })();
  let last = -1;
  while (last !== sent && performance.now() < deadlineMs) {
    last = sent;
    if (await settledWithin(sending, STALLED_MS)) last = -1;
    if (sent >= UNREAD_BYTES || peer.sendFailed) break;
  }
  isEnough = true;
  return { sent, isStalled: last === sent, sending };
}
