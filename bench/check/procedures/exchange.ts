/** Exchanges used by the procedures of both kinds of servers. */
import { fail, type Outcome } from "../case.ts";
import type { Cuts } from "../cuts.ts";
import { escapeBytes } from "../escape.ts";
import type { Peer } from "../peer.ts";
import type { Wrong } from "../protocol.ts";
import type { Target } from "../target.ts";

/** Messages `first`…`first + count - 1`, concatenated. */
export function messages(
  { protocol }: Target,
  first: number,
  count: number,
): Uint8Array<ArrayBuffer> {
  const parts = Array.from({ length: count }, (_, i) => protocol.message(first + i));
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Waits for the answers to the only messages that were sent on `peer`.
 *
 * @returns undefined when they are right
 */
export async function awaitAnswers(
  target: Target,
  peer: Peer,
  { first = 0, count = 1, timeoutMs = target.timeoutMs } = {},
): Promise<Wrong | undefined> {
  const { protocol } = target;
  let progress = protocol.progress(peer.received, first, count);
  let seen = peer.count;
  await peer.until(() => {
    if (peer.count !== seen) {
      seen = peer.count;
      progress = protocol.progress(peer.received, first, count);
    }
    return progress !== "more";
  }, timeoutMs);
  progress = protocol.progress(peer.received, first, count);
  if (progress === "done") return undefined;
  if (progress !== "more") return progress;
  if (peer.end !== "open") {
    return { why: `the connection was ${peer.end} after ${peer.count} bytes` };
  }
  const when = `within ${timeoutMs} ms`;
  return {
    why: peer.count === 0 ? `no answer ${when}` : `nothing more ${when} after ${peer.count} bytes`,
  };
}

/** A failure that shows what was sent and received on `peer`. */
export function failed(
  { protocol }: Target,
  peer: Peer,
  { why, cause }: Wrong,
  { sent, cuts = [] }: { sent: Uint8Array; cuts?: Cuts },
): Outcome {
  return fail(why, {
    sent: escapeBytes(sent, cuts),
    received: escapeBytes(peer.received),
    expected: protocol.expected,
    ...(cause === undefined ? {} : { cause }),
  });
}
