/** Bytes in readable form. */
import type { Cuts } from "./cuts.ts";

/** Most bytes of a message that a verdict shows, half from its start and half from its end. */
const MOST_SHOWN = 400;

const NAMES: Record<number, string> = { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\", 124: "\\|" };

/**
 * `bytes` as one line of ASCII: `\r`, `\n`, `\t`, `\\`, `\|` and `\xNN`; a bare `|` marks where a
 * write ended, and `…(N bytes)…` replaces the middle of a long message.
 */
export function escapeBytes(bytes: Uint8Array, cuts: Cuts = [], most = MOST_SHOWN): string {
  const marks = new Set(cuts);
  const part = (from: number, to: number) => {
    let text = "";
    for (let i = from; i < to; i++) {
      if (i > 0 && marks.has(i)) text += "|";
      text += escapeByte(bytes[i]);
    }
    return text;
  };
  if (bytes.length <= most) return part(0, bytes.length);
  const half = most >> 1;
  const left = bytes.length - 2 * half;
  return `${part(0, half)}…(${left} bytes)…${part(bytes.length - half, bytes.length)}`;
}

function escapeByte(byte: number): string {
  const name = NAMES[byte];
  if (name !== undefined) return name;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
