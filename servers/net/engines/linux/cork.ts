/** TCP_CORK around answers: what is sent in several pieces leaves in full segments. */
import { setCork } from "../../../../system/linux/socket.ts";
import type { CallCounts } from "./call_counts.ts";

/** The cork of a socket: set before the first piece, cleared when the connection receives again. */
export class Cork {
  #fd: number;
  readonly #counts: CallCounts | undefined;
  #isSet = false;

  /** @param counts where the calls are counted, if they are */
  constructor(fd: number, counts?: CallCounts) {
    this.#fd = fd;
    this.#counts = counts;
  }

  /** Whether it is set. */
  get isSet(): boolean {
    return this.#isSet;
  }

  /** Stands for the cork of another socket, as that is. */
  moveTo(fd: number, isSet: boolean): void {
    this.#fd = fd;
    this.#isSet = isSet;
  }

  /** A call that fails is no matter: the answer leaves all the same, or the peer has gone. */
  set(isOn: boolean): void {
    if (isOn === this.#isSet) return;
    this.#isSet = isOn;
    if (this.#counts !== undefined) ++this.#counts.calls;
    setCork(this.#fd, isOn);
  }
}
