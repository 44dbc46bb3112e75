/**
 * Messages between a Worker that serves files and the owner of the compressors. The bytes of a file
 * are sent only on request, because the owner may have the copy, or no room.
 */
import type { Compressed } from "../compress.ts";
import type { FileVersion } from "../content_tags.ts";
import type { Coding } from "../negotiate.ts";
import type { Credentials } from "../options.ts";

/** Worker to owner: `ask` for a copy, then `send` the file's bytes if the owner wants them
 * (none when the file has changed); `hash` a large file; `judge` a password. */
export type ToCompressors =
  | { kind: "ask"; id: number; tag: string; coding: Coding; size: number }
  | { kind: "send"; id: number; bytes: Uint8Array | undefined }
  | { kind: "hash"; id: number; file: FileVersion }
  | { kind: "judge"; id: number; credentials: Credentials };

/**
 * Owner to Worker: `want` asks for the file's bytes; every other kind ends the exchange, with the
 * copy, the tag (each undefined if there is none), or the verdict on the password.
 */
export type FromCompressors =
  | { kind: "want"; id: number }
  | { kind: "copy"; id: number; copy: Compressed | undefined }
  | { kind: "tag"; id: number; tag: string | undefined }
  | { kind: "judged"; id: number; isRight: boolean | undefined };
