/** Where the requests are that a parser sees in a stream, as segments of a strip. Pure. */
import type { Reading } from "./reading.ts";

/** A segment; all together they cover the stream. */
export interface Segment {
  from: number;
  to: number;
  /** `unread`: after a request that has asked for the end of the connection. */
  kind: "message" | "incomplete" | "refused" | "unread";
  /** Which request it belongs to, from 0. */
  index: number;
}

/** The segments of a stream of `length` bytes. */
export function stripOf({ messages, ending, refusal }: Reading, length: number): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  messages.forEach(({ to }, index) => {
    if (to === undefined) return;
    segments.push({ from: end, to, kind: "message", index });
    end = to;
  });
  if (end >= length) return segments;
  const index = segments.length;
  if (ending === "refused") {
    const at = Math.max(end, Math.min(refusal!.at, length));
    if (at > end) segments.push({ from: end, to: at, kind: "incomplete", index });
    if (at < length) segments.push({ from: at, to: length, kind: "refused", index });
  } else {
    const kind = ending === "closed" ? "unread" : "incomplete";
    segments.push({ from: end, to: length, kind, index });
  }
  return segments;
}
