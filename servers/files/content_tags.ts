/** Tags of large files by their content, as the code that asks for them sees them. */
import type { DiskFacts } from "./etag.ts";

/** A file in one state. */
export interface FileVersion {
  /** Relative to the root. */
  path: string;
  /** Settled (see `etag.ts`), so that equal facts mean equal bytes. */
  facts: DiskFacts;
}

/** The directory whose files are hashed, and what may be served of it. */
export interface FilesPlace {
  root: string;
  followSymlinks: boolean;
  dotfiles: boolean;
}

/** Where tags come from. Each file is hashed in the background, once. */
export interface ContentTags {
  /**
   * The strong tag of a file's content.
   *
   * @returns undefined as long as it is not known; the first call starts the hashing
   */
  tagOf(file: FileVersion): string | undefined;
}
