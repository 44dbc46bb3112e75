/**
 * Worker entry: runs one Worker's part of an echo run. It is sent its task, may be told to stop,
 * and answers once, with its result.
 */
import { EchoLoad, type LoadMessage, STOP } from "./load.ts";

const worker = self as unknown as Worker;
const stopped = Promise.withResolvers<void>();

worker.onmessage = async ({ data }: MessageEvent<LoadMessage>) => {
  if (data === STOP) return stopped.resolve();
  const load = new EchoLoad(data);
  await Promise.race([load.run(), load.aborted, stopped.promise]);
  worker.postMessage(load.result());
};
