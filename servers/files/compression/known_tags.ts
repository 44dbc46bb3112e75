/** Tags of large files that are known on a thread. Pure. */
import { Cache } from "../cache.ts";
import { factsKey } from "../etag.ts";
import type { FileVersion } from "../content_tags.ts";

/** Tags that are kept; each weighs some 200 bytes with its key. */
const MAX_KNOWN = 10_000;

/** Tags by the record of the file, whichever path led to it. */
export class KnownTags {
  readonly #tags = new Cache<string>(MAX_KNOWN);

  get({ facts }: FileVersion): string | undefined {
    return this.#tags.get(factsKey(facts));
  }

  set({ facts }: FileVersion, tag: string): void {
    this.#tags.set(factsKey(facts), tag, { bytes: 1 });
  }
}
