import { type BlockTask, takeBlocks } from "./take_blocks.ts";

const port = self as unknown as Worker;

port.onmessage = ({ data }: MessageEvent<BlockTask>) => port.postMessage(takeBlocks(data));
