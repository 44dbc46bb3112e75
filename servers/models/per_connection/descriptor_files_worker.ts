/** Worker entry of model `per-connection` with a Linux engine and `--dir`. */
import { makeDirectory } from "../make_directory.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { type DescriptorInit, serveDescriptor, setUpDescriptorWorker } from "./descriptor_item.ts";

runWork<ReturnType<typeof setUpDescriptorWorker>, DescriptorInit>({ serveDescriptor }, {
  setUp: (init, _facts, outlets) => setUpDescriptorWorker(init, outlets, makeDirectory),
});
