/** A client that sends and does not read, until nothing more is taken from it. */
import { settledWithin } from "../../../system/wait.ts";
import type { Peer } from "../peer.ts";
import type { Target } from "../target.ts";
import { messages } from "./exchange.ts";

/** More than the kernel keeps for one connection: a server that takes it all keeps it itself. */
export const UNREAD_BYTES = 24 << 20;

/** A client whose bytes are not taken for so long has stalled. */
const STALLED_MS = 400;

/** The longest time that {@link sendUnread} takes with a server that takes a little at a time. */
export const UNREAD_MS = 6000;

/** A client that waits to be read from. */
export interface Unread {
  /** Bytes that were taken from it. */
  sent: number;
  /** Nothing more was taken from it, so that what the server keeps is bounded. */
  isStalled: boolean;
  /** Resolves when the last write has ended, which needs that it reads, or closes. */
  sending: Promise<void>;
}

/** Lets `peer` send messages without reading answers, until it stalls or sent {@link UNREAD_BYTES}. */
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
