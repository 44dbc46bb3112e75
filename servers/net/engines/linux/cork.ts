/** TCP_CORK around answers: an answer sent in several pieces leaves in full segments. */
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

  /** Reuses this object for another socket, whose cork is in the given state. */
  moveTo(fd: number, isSet: boolean): void {
    this.#fd = fd;
    this.#isSet = isSet;
  }

  /** Sets or clears it. Failures do not matter: the answer is sent anyway, or the peer has gone. */
  set(isOn: boolean): void {
    if (isOn === this.#isSet) return;
    this.#isSet = isOn;
    if (this.#counts !== undefined) ++this.#counts.calls;
    setCork(this.#fd, isOn);
  }
}
