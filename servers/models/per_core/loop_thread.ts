/** What the owner of a thread that its engine blocks has to do with system calls. */
import { OpenDescriptors } from "../../net/engines/linux/open_descriptors.ts";
import { closeWaker, createWaker, ring, wake } from "../../net/engines/linux/waker.ts";
import { readOpenFiles } from "../../../system/limits.ts";
import type { LoopShare } from "../loop_server.ts";
import type { LoopThread } from "./cpu_server.ts";

/** Where the system does not tell its limit: what no system exceeds by default. */
const MAX_DESCRIPTORS = 1 << 20;

/** A thread, also one that replaces a crashed one. */
export class OwnedLoop implements LoopThread {
  /** To be sent to the thread. */
  readonly share: LoopShare;

  /** @throws {SystemError} when no descriptor is left */
  constructor() {
    const limit = Math.min(readOpenFiles()?.soft ?? MAX_DESCRIPTORS, 2 ** 31);
    this.share = { waker: createWaker(), descriptors: OpenDescriptors.share(limit) };
  }

  wake(): void {
    wake(this.share.waker);
  }

  ring(): void {
    ring(this.share.waker);
  }

  threadGone(): void {
    new OpenDescriptors(this.share.descriptors).closeAll();
  }

  /** The thread has ended. */
  close(): void {
    closeWaker(this.share.waker);
  }
}
