/** Worker entry: is sent its part of an echo run, and answers once, with what came of it. */
import { EchoLoad, type LoadResult, type LoadTask, resultWithout } from "./load.ts";

const worker = self as unknown as Worker;

worker.onmessage = async ({ data }: MessageEvent<LoadTask>) => {
  worker.postMessage(await resultOf(data));
};

async function resultOf(task: LoadTask): Promise<LoadResult> {
  let load: EchoLoad;
  try {
    load = await EchoLoad.create(task);
  } catch (error) {
    return resultWithout(error instanceof Error ? error.message : String(error));
  }
  await load.run();
  return load.finish();
}
