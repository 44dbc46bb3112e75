/** The vocabulary between planner, disk and connection. Plain data, structured-cloneable. */
import type { DiskFacts } from "./etag.ts";
import type { ListingFormat, ListingSort } from "./listing_order.ts";
import type { Coding } from "./negotiate.ts";
import type { Resolved } from "./resolve.ts";

/** A file as the disk (or the cache) shows it. */
export interface FileState {
  /** Relative to the root. */
  path: string;
  facts: DiskFacts;
  /** The entity tag, with quotes. */
  tag: string;
  /** The content, for files small enough to be kept in memory. */
  bytes: Uint8Array | undefined;
  /** When it was read, milliseconds since 1970. */
  readAtMs: number;
}

/** A lookup's good end. */
export interface FoundFile {
  kind: "file";
  file: FileState;
  /** Precompressed siblings by coding. */
  siblings: Partial<Record<Coding, FileState>>;
  /** Until when (milliseconds since 1970) this needs no new look at the disk. */
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

/** A question to the disk. */
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
  /** Content-Type. */
  type: string;
  coding: Coding | "identity";
  /** The choice depended on Accept-Encoding. */
  varies: boolean;
  freshUntilMs: number;
}

/** A question to the compressor: a copy of the file's bytes (they are present) in `coding`. */
export interface Compression {
  kind: "compression";
  coding: Coding;
  /** What the copy will be sent as; still holds the uncompressed file. */
  representation: Representation;
  found: FoundFile;
}

/** A piece of a multipart body. */
export type PlanPart = { kind: "bytes"; bytes: Uint8Array } | {
  kind: "range";
  offset: number;
  length: number;
};

/** What to send after the head. */
export type Body =
  | { kind: "none" }
  | { kind: "bytes"; bytes: Uint8Array }
  | { kind: "file"; path: string; facts: DiskFacts; offset: number; length: number }
  | { kind: "multipart"; path: string; facts: DiskFacts; parts: PlanPart[]; length: number }
  | {
    kind: "listing";
    path: string;
    segments: string[];
    format: ListingFormat;
    sort: ListingSort;
  };

/** A whole answer but for what the session adds (Date, Server, Connection, framing). */
export interface Plan {
  kind: "plan";
  status: number;
  fields: [name: string, value: string][];
  body: Body;
  /**
   * Content-Length in bytes, also of the body that HEAD leaves out; undefined where none is sent: 204,
   * 304, and listings, whose length is known only at their end.
   */
  length: number | undefined;
  /**
   * Until when (milliseconds since 1970) GETs of the same target and Accept-Encoding, without a
   * decisive field, get the same answer without asking again; 0 for answers that must not be repeated.
   */
  freshUntilMs: number;
}
