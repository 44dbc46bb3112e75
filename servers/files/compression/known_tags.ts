/** The tags of large files that a thread knows. Pure. */
import { Cache } from "../cache.ts";
import { factsKey } from "../etag.ts";
import type { FileVersion } from "../content_tags.ts";

/** Most tags that are kept; each takes about 200 bytes with its key. */
const MAX_KNOWN = 10_000;

/** Tags by the file's record (see `etag.ts`), so that all paths to a file share one tag. */
export class KnownTags {
  readonly #tags = new Cache<string>(MAX_KNOWN);

  get({ facts }: FileVersion): string | undefined {
    return this.#tags.get(factsKey(facts));
  }

  set({ facts }: FileVersion, tag: string): void {
    this.#tags.set(factsKey(facts), tag, { bytes: 1 });
  }
}
