/** Hashes a file on disk. It blocks its thread until it is done. */
import type { FileVersion } from "../content_tags.ts";
import { ContentTag } from "../content_tag.ts";
import { sameFacts } from "../etag.ts";
import type { Files } from "../files.ts";

/** Bytes read at a time. */
const PIECE_BYTES = 1 << 20;

/**
 * The strong tag of the file's content.
 *
 * @returns undefined when the file is no longer in the given state
 * @throws the system's error when it cannot be read
 */
export function hashFile(files: Files, { path, facts }: FileVersion): string | undefined {
  const file = files.open(path, facts);
  if (file === undefined) return undefined;
  try {
    const tag = new ContentTag();
    const piece = new Uint8Array(PIECE_BYTES);
    let position = 0;
    for (let count; (count = file.readSync(piece, position)) > 0; position += count) {
      tag.add(piece.subarray(0, count));
    }
    return position === facts.size && sameFacts(file.facts(), facts) ? tag.end() : undefined;
  } finally {
    file.close();
  }
}
