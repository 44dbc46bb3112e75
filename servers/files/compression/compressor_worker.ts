/** Worker entry of the compressors: bytes in, a copy out; it needs no permission. */
import type { Coding } from "../negotiate.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { encode } from "./encode.ts";

runWork({
  compress: ({ bytes, coding }: { bytes: Uint8Array; coding: Coding }) => encode(bytes, coding),
});
