/**
 * Worker entry of the compressors. It turns bytes into a compressed copy, hashes a file that it
 * reads itself, or checks a password. It may read the served directory, and nothing else.
 */
import type { FilesPlace, FileVersion } from "../content_tags.ts";
import type { Comparison } from "./password_queue.ts";
import { Files } from "../files.ts";
import type { Coding } from "../negotiate.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { encode } from "./encode.ts";
import { hashFile } from "./hash_file.ts";

let files: Files | undefined;

runWork<FilesPlace>({
  compress: ({ bytes, coding }: { bytes: Uint8Array; coding: Coding }) => encode(bytes, coding),
  hash: (file: FileVersion, { init }) => {
    files ??= new Files(init.root, init);
    return hashFile(files, file);
  },
  comparePassword: async ({ password, hash }: Comparison) => {
    // Loaded only where passwords are checked.
    const { compareSync } = await import("bcryptjs");
    return compareSync(password, hash);
  },
});
