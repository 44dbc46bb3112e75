/** The compressors as a Worker sees them: at the other end of a port. */
import { Cache } from "../cache.ts";
import { type Compressed, type Compressor, copyKey, type Original } from "../compress.ts";
import type { ContentTags, FileVersion } from "../content_tags.ts";
import { factsKey } from "../etag.ts";
import type { Credentials } from "../options.ts";
import type { PasswordJudge } from "../passwords.ts";
import { KnownTags } from "./known_tags.ts";
import type { FromCompressors, ToCompressors } from "./messages.ts";
import { readShared } from "./shared_copy.ts";

/** A requested copy that has not arrived yet. */
interface Asked {
  original: Original;
  resolve(copy: Compressed | undefined): void;
}

/** Asks the owner of the compressors, and keeps the copies and tags that it gets. */
export class RemoteCompressor implements Compressor, ContentTags, PasswordJudge {
  readonly #port: MessagePort;
  readonly #kept: Cache<Compressed>;
  readonly #asked = new Map<number, Asked>();
  readonly #tags = new KnownTags();
  readonly #askedTags = new Map<number, FileVersion>();
  /** The keys of the files in `#askedTags`. */
  readonly #askedFacts = new Set<string>();
  readonly #judged = new Map<number, (isRight: boolean | undefined) => void>();
  #nextId = 0;

  /** @param cacheBytes bounds the copies that are kept on this thread */
  constructor(port: MessagePort, cacheBytes: number) {
    this.#port = port;
    this.#kept = new Cache(cacheBytes);
    port.onmessage = ({ data }) => this.#receive(data);
  }

  compress(original: Original): Compressed | Promise<Compressed | undefined> {
    const kept = this.#kept.get(copyKey(original));
    if (kept !== undefined) return kept;
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const { tag, coding, size } = original;
      this.#asked.set(id, { original, resolve });
      this.#post({ kind: "ask", id, tag, coding, size });
    });
  }

  tagOf(file: FileVersion): string | undefined {
    const known = this.#tags.get(file);
    const facts = factsKey(file.facts);
    if (known !== undefined || this.#askedFacts.has(facts)) return known;
    const id = this.#nextId++;
    this.#askedTags.set(id, file);
    this.#askedFacts.add(facts);
    this.#post({ kind: "hash", id, file });
    return undefined;
  }

  isRight(credentials: Credentials): Promise<boolean | undefined> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#judged.set(id, resolve);
      this.#post({ kind: "judge", id, credentials });
    });
  }

  #receive(message: FromCompressors): void {
    const { id } = message;
    if (message.kind === "judged") {
      this.#judged.get(id)!(message.isRight);
      this.#judged.delete(id);
      return;
    }
    if (message.kind === "tag") return this.#receiveTag(id, message.tag);
    const asked = this.#asked.get(id);
    if (message.kind === "want") {
      // The first request may have waited for too long, while others still wait.
      const bytes = asked && readShared(asked.original);
      return this.#post({ kind: "send", id, bytes });
    }
    const { original, resolve } = asked!;
    this.#asked.delete(id);
    const { copy } = message;
    if (copy !== undefined) this.#kept.set(copyKey(original), copy, { bytes: copy.bytes.length });
    resolve(copy);
  }

  #receiveTag(id: number, tag: string | undefined): void {
    const file = this.#askedTags.get(id)!;
    this.#askedTags.delete(id);
    this.#askedFacts.delete(factsKey(file.facts));
    if (tag !== undefined) this.#tags.set(file, tag);
  }

  #post(message: ToCompressors): void {
    this.#port.postMessage(message);
  }
}
