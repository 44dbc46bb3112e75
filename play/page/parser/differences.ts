/**
 * Where two parsers disagree about the same bytes. Request smuggling exploits this: a proxy and the
 * server behind it both accept a stream, and see its requests end in different places.
 */
import { completeMessages, type Reading, type ReadMessage } from "./reading.ts";

/** The first difference between two readings; `index` counts messages from 0. */
export type Difference =
  /** None. */
  | { kind: "same" }
  /** Message `index` ends elsewhere: what one takes for content is a request to the other. */
  | { kind: "boundary"; index: number; ends: [number, number] }
  /** Message `index` has another `method`, `target`, `version`, or other `fields` or `content`. */
  | { kind: "meaning"; index: number; what: "method" | "target" | "version" | "fields" | "content" }
  /** Reading `who` (0 or 1) refuses where the other one reads on, which has `others` requests. */
  | { kind: "refuses"; who: 0 | 1; index: number; others: number }
  /** Reading `who` still waits for the end of message `index`, which the other one has. */
  | { kind: "waits"; who: 0 | 1; index: number; others: number }
  /** Reading `who` reads nothing after message `index - 1`, which ends the connection. */
  | { kind: "closes"; who: 0 | 1; index: number; others: number };

/** Whether the difference can be exploited between two programs that read this way. */
export function isDangerous({ kind }: Difference): boolean {
  return kind === "boundary" || kind === "waits";
}

/** Compares what two parsers made of the same bytes. */
export function differenceOf(one: Reading, other: Reading): Difference {
  const readings = [one, other] as const;
  const [ours, theirs] = readings.map(completeMessages);
  for (let index = 0; index < Math.min(ours.length, theirs.length); ++index) {
    const ends: [number, number] = [ours[index].to!, theirs[index].to!];
    if (ends[0] !== ends[1]) return { kind: "boundary", index, ends };
    const what = meaningThatDiffers(ours[index], theirs[index]);
    if (what !== undefined) return { kind: "meaning", index, what };
  }
  const index = Math.min(ours.length, theirs.length);
  if (ours.length !== theirs.length) {
    const who = ours.length < theirs.length ? 0 : 1;
    const others = Math.max(ours.length, theirs.length);
    const { ending } = readings[who];
    const kind = ending === "refused" ? "refuses" : ending === "closed" ? "closes" : "waits";
    return { kind, who, index, others };
  }
  const who = one.ending === "refused" ? 0 : 1;
  if ((one.ending === "refused") !== (other.ending === "refused")) {
    return { kind: "refuses", who, index, others: index };
  }
  if ((one.ending === "incomplete") !== (other.ending === "incomplete")) {
    return { kind: "waits", who: one.ending === "incomplete" ? 0 : 1, index, others: index };
  }
  return { kind: "same" };
}

function meaningThatDiffers(one: ReadMessage, other: ReadMessage) {
  const whats = ["method", "target", "version", "fields", "content"] as const;
  return whats.find((what) => meaning(one, what) !== meaning(other, what));
}

function meaning(
  message: ReadMessage,
  what: "method" | "target" | "version" | "fields" | "content",
) {
  if (what !== "fields") return message[what];
  // White space after a value is not part of it (RFC 9110 section 5.5); llhttp leaves it there.
  return JSON.stringify(
    message.fields.map(([name, value]) => [name, value.replace(/[ \t]+$/, "")]),
  );
}
