/**
 * Entity tags of content, beside those of records in `etag.ts`. A file of its own: hashing takes
 * `node:crypto`, which is 10 ms of the start of each thread that loads it. Pure.
 */
import { createHash } from "node:crypto";

/** The strong tag of bytes in memory: 128 bits of their SHA-256. */
export function contentTag(bytes: Uint8Array): string {
  const tag = new ContentTag();
  tag.add(bytes);
  return tag.end();
}

/** The same, of content that comes in pieces. */
export class ContentTag {
  readonly #hash = createHash("sha256");

  /** Adds the next piece. */
  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The tag of all pieces. */
  end(): string {
    return `"${this.#hash.digest("base64url").slice(0, 22)}"`;
  }
}
