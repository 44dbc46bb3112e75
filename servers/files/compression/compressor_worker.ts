/** Worker entry of the compressors: bytes in, a copy out; it needs no permission. */
import type { Coding } from "../negotiate.ts";
import { serveWork } from "../../workqueue/serve_work.ts";
import { encode } from "./encode.ts";

serveWork({
  compress: ({ bytes, coding }: { bytes: Uint8Array; coding: Coding }) => encode(bytes, coding),
});
