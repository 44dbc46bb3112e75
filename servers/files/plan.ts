/** The data that planner, disk and connection exchange. Plain data, structured-cloneable. */
import type { Answer } from "../http/resource.ts";
import type { DiskFacts } from "./etag.ts";
import type { ListingFormat, ListingSort } from "./listing_order.ts";
import type { MultipartPiece } from "./multipart.ts";
import type { Coding } from "./negotiate.ts";
import type { Resolved } from "./resolve.ts";

/** A file as the disk (or the cache) shows it. */
export interface FileState {
  /** Relative to the root. */
  path: string;
  facts: DiskFacts;
  /** The entity tag, with quotes. */
  tag: string;
  /** The strong tag that the same bytes had before their content was hashed. */
  formerTag?: string;
  /** Whether the content is text; set where the name does not determine the type. */
  isText?: boolean;
  /** The content, for files small enough to be kept in memory. */
  bytes: Uint8Array | undefined;
  /** When it was read, milliseconds since 1970. */
  readAtMs: number;
}

/** The result of a lookup that found a file. */
export interface FoundFile {
  kind: "file";
  file: FileState;
  /** Precompressed siblings by coding. */
  siblings: Partial<Record<Coding, FileState>>;
  /** Until when (milliseconds since 1970) this may be used without checking the disk. */
  freshUntilMs: number;
}

/** What a {@linkcode Lookup} found: the first of its paths that is a file, or what the last one is. */
export type LookupResult =
  | FoundFile
  | { kind: "directory" }
  | { kind: "missing" }
  | { kind: "forbidden" };

/** Why a path is looked up; decides what its result means. */
export type LookupRole = "target" | "index" | "clean" | "spa" | "error-page";

/** A question for the disk. */
export interface Lookup {
  kind: "lookup";
  role: LookupRole;
  /** Relative to the root, tried in order until one is a file. */
  paths: string[];
  target: Resolved;
  /** `clean` only: the target itself is a directory. */
  isDirectory: boolean;
}

/** The bytes to send, in the coding that was chosen. */
export interface Representation {
  file: FileState;
  /** The path that was asked for; for a precompressed sibling, that of the original file. */
  path: string;
  /** Content-Type. */
  type: string;
  coding: Coding | "identity";
  /** Fields of the request that the choice depended on, as Vary lists them. */
  vary: string;
  freshUntilMs: number;
}

/** A question for the compressor: a copy in `coding` of the file's bytes, which are in memory. */
export interface Compression {
  kind: "compression";
  coding: Coding;
  /** What the copy will be sent as; still holds the uncompressed file. */
  representation: Representation;
  found: FoundFile;
}

/** Content that has yet to be opened, as plain data. */
export type PlannedContent =
  | { kind: "file"; path: string; facts: DiskFacts; offset: number; length: number }
  | { kind: "multipart"; path: string; facts: DiskFacts; parts: MultipartPiece[]; length: number }
  | {
    kind: "listing";
    path: string;
    segments: string[];
    format: ListingFormat;
    sort: ListingSort;
  };

/** A file, or ranges of it. */
export type PlannedFile = Extract<PlannedContent, { kind: "file" | "multipart" }>;

/** The page that lists a directory. */
export type PlannedListing = Extract<PlannedContent, { kind: "listing" }>;

/** An answer whose content may not be opened yet. For HEAD it has no content, only its length. */
export interface Plan<Content = PlannedContent> extends Answer<Content> {
  kind: "plan";
}
