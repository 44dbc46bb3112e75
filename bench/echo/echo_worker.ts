/**
 * Worker entry: gets its part of an echo run, and answers with the result. Before that it sends
 * what it has recorded, at intervals, if wanted.
 */
import { messageOf } from "../../system/message_of.ts";
import {
  EchoLoad,
  type LoadAnswer,
  type LoadResult,
  type LoadTask,
  resultWithout,
} from "./load.ts";

const worker = self as unknown as Worker;

worker.onmessage = async ({ data }: MessageEvent<LoadTask>) => {
  answer({ result: await resultOf(data) });
};

function answer(message: LoadAnswer): void {
  worker.postMessage(message);
}

async function resultOf(task: LoadTask): Promise<LoadResult> {
  let load: EchoLoad;
  try {
    load = await EchoLoad.create(task, (part) => answer({ part }));
  } catch (error) {
    return resultWithout(messageOf(error));
  }
  await load.run();
  return load.finish();
}
