/** Entity tags of content, beside those of records in `etag.ts`. Pure. */
import { nodeCrypto } from "../../system/node.ts";

/** The strong tag of bytes in memory: 128 bits of their SHA-256. */
export function contentTag(bytes: Uint8Array): string {
  const tag = new ContentTag();
  tag.add(bytes);
  return tag.end();
}

/** The same, of content that comes in pieces. */
export class ContentTag {
  readonly #hash = nodeCrypto().createHash("sha256");

  /** Adds the next piece. */
  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The tag of all pieces. */
  end(): string {
    return `"${this.#hash.digest("base64url").slice(0, 22)}"`;
  }
}
