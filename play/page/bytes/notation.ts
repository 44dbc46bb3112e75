/**
 * Bytes as text that can be typed and pasted: `\r`, `\n`, `\t`, `\\` and `\xNN` are single bytes, and
 * the rest is UTF-8.
 *
 * A line break of the text stands for CR LF, as in pasted requests. After a written `\n` it is layout
 * only, so that the bytes can be shown line by line.
 */

/** The text cannot be read: an escape is unknown or incomplete. */
export class NotationError extends Error {
  override name = "NotationError";

  /**
   * @param escape the escape as it was written
   * @param at where it begins in the text
   */
  constructor(readonly escape: string, readonly at: number) {
    super(`Unknown escape ${escape}; write \\r, \\n, \\t, \\\\ or \\xNN`);
  }
}

const ESCAPED: Record<string, number> = { r: 13, n: 10, t: 9, "\\": 92 };
const NAMES: Record<number, string> = { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" };

/** The bytes that `text` stands for. @throws {NotationError} */
export function parseNotation(text: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  let isBehindLineFeed = false;
  for (let at = 0; at < text.length;) {
    const wasBehindLineFeed = isBehindLineFeed;
    isBehindLineFeed = false;
    const lineBreak = /^(?:\r\n|\n|\r)/.exec(text.slice(at, at + 2))?.[0];
    if (lineBreak !== undefined) {
      if (!wasBehindLineFeed) bytes.push(13, 10);
      at += lineBreak.length;
    } else if (text[at] === "\\") {
      const escape = /^\\(?:x([0-9a-fA-F]{2})|([rnt\\]))/.exec(text.slice(at, at + 4));
      if (escape === null) throw new NotationError(text.slice(at, at + 2), at);
      const [whole, hex, name] = escape;
      bytes.push(hex === undefined ? ESCAPED[name] : parseInt(hex, 16));
      isBehindLineFeed = bytes.at(-1) === 10;
      at += whole.length;
    } else {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      bytes.push(...encoder.encode(character));
      at += character.length;
    }
  }
  return new Uint8Array(bytes);
}

/** One byte as it is written. */
export function formatByte(byte: number): string {
  const name = NAMES[byte];
  if (name !== undefined) return name;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** `bytes` as text, with a line break after each LF; `parseNotation` gives the same bytes again. */
export function formatNotation(bytes: Uint8Array): string {
  let text = "";
  bytes.forEach((byte, i) => {
    text += formatByte(byte);
    if (byte === 10 && i < bytes.length - 1) text += "\n";
  });
  return text;
}
