/** Worker entry: the thread of an original. */
import { errnoName } from "../../system/linux/errno.ts";
import { LibcError, SystemError } from "../../system/linux/libc.ts";
import { CallFailed, EpollEcho } from "./epoll_echo.ts";
import type { OriginalMessage, OriginalTask } from "./original.ts";

const worker = self as unknown as Worker;

function tell(message: OriginalMessage): void {
  worker.postMessage(message);
}

worker.onmessage = ({ data }: MessageEvent<OriginalTask>) => {
  try {
    const server = new EpollEcho(data.options, new Float64Array(data.counts));
    tell({ port: server.port });
    server.run();
  } catch (error) {
    tell({ died: reasonOf(error) });
  }
};

function reasonOf(error: unknown): string {
  if (error instanceof CallFailed) return `${error.message}: ${errnoName(error.errno)}`;
  if (error instanceof SystemError || error instanceof LibcError) return error.message;
  throw error;
}
