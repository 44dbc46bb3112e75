/** Bytes as lines of tokens, for showing them with zones and marks. Pure. */
import { formatByte } from "./notation.ts";

/** A range of bytes that is shown in its own style. */
export interface Zone {
  from: number;
  to: number;
  /** A class of the style sheet: `is-consumed`. */
  name: string;
}

/** Something between two bytes. */
export interface Mark {
  /** Offset of the byte before which it stands. */
  at: number;
  /** A class of the style sheet: `is-cut`. */
  name: string;
}

/** Bytes that are shown alike, or a mark. */
export type Token =
  | { kind: "text"; from: number; to: number; text: string; zone: string }
  /** One byte that is not printable ASCII. */
  | { kind: "control"; from: number; to: number; text: string; zone: string }
  | { kind: "mark"; from: number; name: string };

/** What is shown with the bytes. Zones do not overlap. */
export interface ByteMarks {
  zones?: readonly Zone[];
  marks?: readonly Mark[];
}

/** The lines of `bytes`; each but the last ends with LF. No bytes are one empty line. */
export function byteLines(
  bytes: Uint8Array,
  { zones = [], marks = [] }: ByteMarks = {},
): Token[][] {
  const lines: Token[][] = [[]];
  const zoneAt = (at: number) => zones.find(({ from, to }) => from <= at && at < to)?.name ?? "";
  // Where the zone may change, which ends a run of text.
  const edges = new Set(zones.flatMap(({ from, to }) => [from, to]));
  const marksAt = Map.groupBy(marks, ({ at }) => at);
  let zone = zoneAt(0);
  const addMarks = (at: number) => {
    for (const { name } of marksAt.get(at) ?? []) {
      lines.at(-1)!.push({ kind: "mark", from: at, name });
    }
  };
  bytes.forEach((byte, at) => {
    // A line ends after its LF; a mark there is at the end of the line.
    const isLineStart = at > 0 && bytes[at - 1] === 10;
    addMarks(at);
    if (isLineStart) lines.push([]);
    if (edges.has(at)) zone = zoneAt(at);
    const line = lines.at(-1)!;
    const last = line.at(-1);
    const text = formatByte(byte);
    // A backslash is shown as itself, because this text is not typed.
    const isPrintable = byte >= 0x20 && byte < 0x7f;
    if (!isPrintable) line.push({ kind: "control", from: at, to: at + 1, text, zone });
    else if (last?.kind === "text" && last.to === at && last.zone === zone) {
      last.text += String.fromCharCode(byte);
      last.to = at + 1;
    } else {
      line.push({ kind: "text", from: at, to: at + 1, text: String.fromCharCode(byte), zone });
    }
  });
  addMarks(bytes.length);
  return lines;
}

/** Zones of a block: what is consumed, what the parser has looked at after that, and the rest. */
export function blockZones(
  { consumed, scanned, length }: { consumed: number; scanned: number; length: number },
): Zone[] {
  return [
    { from: 0, to: consumed, name: "is-consumed" },
    { from: consumed, to: scanned, name: "is-scanned" },
    { from: scanned, to: length, name: "is-new" },
  ].filter(({ from, to }) => from < to);
}
