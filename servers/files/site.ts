/**
 * A served directory: drives the planner with answers from disk, cache and compressor. The only
 * interface to them that `directory.ts` uses.
 */
import type { HttpRequest } from "../http/resource.ts";
import { Cache } from "./cache.ts";
import { type Surroundings, SYSTEM } from "./disk.ts";
import type { Compressor } from "./compress.ts";
import type { ContentTags } from "./content_tags.ts";
import { contentTag } from "./content_tag.ts";
import { type DiskFacts, factsTag, isOlder, isSettled, sameFacts } from "./etag.ts";
import { Files, type OpenFile } from "./files.ts";
import { isFresh, REVALIDATE_MS } from "./freshness.ts";
import { ListingStream } from "./listing_stream.ts";
import { ListingRoom } from "./listing_room.ts";
import { Listings } from "./listings.ts";
import { contentType, isTypedByContent, isUtf8Text, mayHaveSiblings } from "./mime.ts";
import { CODINGS } from "./negotiate.ts";
import type { StaticOptions } from "./options.ts";
import type {
  Compression,
  FileState,
  FoundFile,
  Lookup,
  LookupResult,
  Plan,
  PlannedFile,
  PlannedListing,
} from "./plan.ts";
import { planCopy, planFound, planRequest } from "./planner.ts";
import { urlPath } from "./resolve.ts";
import { failure } from "./respond.ts";

/** Files up to this size (1 MiB) are read whole, tagged by content and sent from memory. */
export const MAX_IN_MEMORY_BYTES = 1024 ** 2;

/** Bytes read of a larger file to determine whether it is text. */
const START_BYTES = 16 * 1024;

/** Most outdated copies that are reported; further ones are ignored silently. */
const MAX_TOLD = 1000;

/** Value of Retry-After, in seconds, when there is no room for a listing. */
const RETRY_AFTER_S = "2";

/** Estimated overhead of an entry, in bytes, besides its content: key, facts, Map slots. */
const ENTRY_BYTES = 512;

/** What a site needs besides its options. */
export interface SiteParts {
  /** Makes compressed copies on the fly, if enabled. */
  compressor?: Compressor;
  /** Hashes large files. */
  tags?: ContentTags;
  /** Bounds its listings; default: bounds of its own. */
  room?: ListingRoom;
  /**
   * Called with a line, without its line feed, about a problem in the directory; must not block.
   */
  note?: (line: string) => void;
  /** Default: the system's. */
  around?: Surroundings;
}

/** Answers for one directory. Not shared between threads: each Worker has its own. */
export class Site {
  readonly #options: StaticOptions;
  readonly #files: Files;
  readonly #cache: Cache<FoundFile>;
  readonly #compressor: Compressor | undefined;
  readonly #tags: ContentTags | undefined;
  readonly #listings: Listings;
  readonly #around: Surroundings;
  readonly #note: (line: string) => void;
  /** Outdated copies that were reported. */
  readonly #told = new Set<string>();

  /** @throws a system error when the root is not a directory that can be read */
  constructor(
    options: StaticOptions,
    { compressor, tags, room = new ListingRoom(), note = () => {}, around = SYSTEM }: SiteParts =
      {},
  ) {
    this.#options = options;
    this.#files = new Files(options.root, options, around);
    this.#around = around;
    this.#cache = new Cache(options.cacheBytes);
    this.#compressor = compressor;
    this.#tags = tags;
    this.#note = note;
    this.#listings = new Listings((path, signal) => this.#files.entries(path, signal), room);
  }

  /**
   * Plans the answer to a request. Returns a promise only when a copy has to be compressed first.
   *
   * @param nowMs milliseconds since 1970
   * @throws a system error that is no fault of the request (out of descriptors, I/O error)
   */
  plan(request: HttpRequest, nowMs: number): Plan | Promise<Plan> {
    return this.#plan(request, nowMs, { mayCompress: true });
  }

  #plan(
    request: HttpRequest,
    nowMs: number,
    { mayCompress }: { mayCompress: boolean },
  ): Plan | Promise<Plan> {
    const context = { options: this.#options, nowMs };
    let step: Plan | Lookup | Compression = planRequest(request, this.#options);
    while (step.kind === "lookup") {
      step = planFound(request, step, this.#lookUp(step, nowMs), context);
    }
    if (step.kind === "compression") {
      const copy = mayCompress ? this.#copy(step) : undefined;
      if (!(copy instanceof Promise)) return planCopy(request, step, copy, context);
      const asked = withoutBytes(step);
      return copy.then((made) =>
        made === undefined
          ? this.#plan(request, this.#around.clock.epochMs(), { mayCompress: false })
          : planCopy(request, asked, made, context)
      );
    }
    const { content } = step;
    if (content === undefined || !("kind" in content) || content.kind !== "listing") return step;
    const { path } = content;
    if (!this.#files.canList(path)) return failure(request, 403, { settings: this.#options });
    return this.refuseListing(request, path) ?? step;
  }

  /** The answer when there is no room for the listing of `path` now. */
  refuseListing(request: HttpRequest, path: string): Plan<never> | undefined {
    if (this.#listings.hasRoomFor(path)) return undefined;
    return failure(request, 503, {
      settings: this.#options,
      detail: "too many directories are being listed",
      fields: [["Retry-After", RETRY_AFTER_S]],
    });
  }

  /**
   * Opens the file of a plan's content for positional reads.
   *
   * @returns undefined when it changed since the plan was made: plan the request again
   */
  open({ path, facts }: PlannedFile): OpenFile | undefined {
    const file = this.#files.open(path, facts);
    if (!file) this.forget(path);
    return file;
  }

  /** Drops what is cached about a file that has been found changed. */
  forget(path: string): void {
    this.#cache.delete(path);
    for (const { suffix } of CODINGS) {
      if (path.endsWith(suffix)) this.#cache.delete(path.slice(0, -suffix.length));
    }
  }

  /** Begins the listing of a plan. The stream has to be cancelled, sent or not. */
  listing(planned: PlannedListing): ListingStream {
    return new ListingStream(planned, this.#listings.join(planned.path, planned.sort.key));
  }

  #copy({ coding, representation: { file } }: Compression): ReturnType<Compressor["compress"]> {
    const { path, tag, bytes } = file;
    const read = () => {
      const found = this.#find(path, this.#around.clock.epochMs());
      return found.kind === "file" && found.file.tag === tag ? found.file.bytes : undefined;
    };
    return this.#compressor?.compress({ tag, coding, size: bytes!.length, read });
  }

  #lookUp(lookup: Lookup, nowMs: number): LookupResult {
    let result: LookupResult = { kind: "missing" };
    for (const path of lookup.paths) {
      result = this.#find(path, nowMs);
      if (result.kind === "file" || result.kind === "forbidden") break;
    }
    return result;
  }

  /** Looks a path up in the cache, then on disk, with its precompressed siblings. */
  #find(path: string, nowMs: number): LookupResult {
    const kept = this.#cache.get(path);
    if (kept && isFresh(kept.freshUntilMs, nowMs)) return kept;
    const found = this.#files.find(path);
    if (found.kind !== "file") {
      if (kept) this.#cache.delete(path);
      return found;
    }
    const file = this.#state(path, found.facts, { kept: kept?.file, nowMs });
    if (!file) return { kind: this.#files.find(path).kind === "missing" ? "missing" : "forbidden" };
    const siblings: FoundFile["siblings"] = {};
    let bytes = ENTRY_BYTES + (file.bytes?.length ?? 0);
    for (const { coding, suffix } of this.#siblingsOf(path)) {
      const beside = path + suffix;
      const facts = this.#files.exists(beside) ? this.#files.find(beside) : undefined;
      if (facts?.kind !== "file") continue;
      if (isOlder(facts.facts, file.facts)) {
        this.#tell(beside, path);
        continue;
      }
      const sibling = this.#state(beside, facts.facts, { kept: kept?.siblings[coding], nowMs });
      if (!sibling) continue;
      siblings[coding] = sibling;
      bytes += ENTRY_BYTES + (sibling.bytes?.length ?? 0);
    }
    const entry: FoundFile = { kind: "file", file, siblings, freshUntilMs: nowMs + REVALIDATE_MS };
    this.#cache.set(path, entry, { bytes });
    return entry;
  }

  /** Reports once that a compressed copy is older than its file. */
  #tell(copy: string, path: string): void {
    if (this.#told.has(copy) || this.#told.size === MAX_TOLD) return;
    this.#told.add(copy);
    const [older, newer] = [copy, path].map((name) => urlPath(name.split("/"), false));
    this.#note(`ktcp http: ${older} is not used: it is older than ${newer}; compress that again`);
  }

  #siblingsOf(path: string): typeof CODINGS {
    return mayHaveSiblings(path, contentType(path)) ? CODINGS : [];
  }

  /**
   * The state of a file: the kept one while its facts are the same, else read anew. A kept state
   * whose facts were not settled when it was read cannot be trusted, as a later write may have left
   * them unchanged.
   */
  #state(
    path: string,
    facts: DiskFacts,
    context: { kept: FileState | undefined; nowMs: number },
  ): FileState | undefined {
    const { kept, nowMs } = context;
    if (kept && sameFacts(kept.facts, facts) && isSettled(facts, kept.readAtMs)) {
      return this.#withContentTag(kept);
    }
    const byContent = isTypedByContent(path);
    const loaded = this.#files.load(path, MAX_IN_MEMORY_BYTES, {
      startBytes: byContent ? START_BYTES : 0,
    });
    if (!loaded) return undefined;
    const { bytes, start } = loaded;
    const tag = bytes ? contentTag(bytes) : factsTag(loaded.facts, nowMs);
    const isText = byContent && isUtf8Text((bytes ?? start)!, { isWhole: bytes !== undefined });
    return this.#withContentTag({
      path,
      facts: loaded.facts,
      bytes,
      tag,
      isText,
      readAtMs: nowMs,
    });
  }

  /**
   * A large file with the tag of its content, once that is known; asking for it starts the hashing.
   */
  #withContentTag(file: FileState): FileState {
    const { path, facts, tag: formerTag } = file;
    const isTagged = file.bytes !== undefined || file.formerTag !== undefined;
    if (isTagged || !isSettled(facts, file.readAtMs)) return file;
    const tag = this.#tags?.tagOf({ path, facts });
    return tag === undefined ? file : { ...file, tag, formerTag };
  }
}

/**
 * What is needed when the copy is ready, without the file's bytes, which are not held meanwhile.
 */
function withoutBytes(asked: Compression): Compression {
  const file = { ...asked.representation.file, bytes: undefined };
  return {
    ...asked,
    representation: { ...asked.representation, file },
    found: { ...asked.found, file, siblings: {} },
  };
}
