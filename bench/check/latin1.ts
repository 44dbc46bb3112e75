/** Bytes as text and back: in latin1 each character is one byte. */

/** The bytes of a latin1 string. @throws when a character is above U+00FF */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new Error(`No latin1 string: U+${code.toString(16)} at ${i}`);
    bytes[i] = code;
  }
  return bytes;
}

/** The latin1 string of bytes. */
export function latin1Text(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return text;
}
