/** The socket of a service manager, which records what it is told. */
import { libc } from "../../system/linux/libc.ts";
import { encodeAbstractAddress, encodeUnixAddress } from "../../system/linux/sockaddr.ts";
import { close, MSG_DONTWAIT } from "../../system/linux/socket.ts";
import { until } from "./until.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

/** Listens at a path, or behind `@` at an abstract name. */
export class NotifyReceiver implements Disposable {
  /** The messages so far: assignments by name. */
  readonly messages: Record<string, string>[] = [];
  readonly #fd: number;
  readonly #buffer = new Uint8Array(4096);

  constructor(readonly path: string) {
    const system = libc();
    const address = path.startsWith("@")
      ? encodeAbstractAddress(path.slice(1))
      : encodeUnixAddress(path);
    this.#fd = system.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    system.check("bind", system.calls.bind(this.#fd, address, address.length));
  }

  /** Reads what has come. */
  receive(): void {
    const system = libc();
    const { recvBytes } = system.calls;
    for (;;) {
      const count = recvBytes(this.#fd, this.#buffer, this.#buffer.length, MSG_DONTWAIT);
      if (count < 0) return;
      const lines = new TextDecoder().decode(this.#buffer.subarray(0, count)).split("\n");
      this.messages.push(Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2))));
    }
  }

  /** Waits for a message with `name` behind the first `from` ones. @returns where it is */
  async untilTold(name: string, from = 0): Promise<number> {
    let at = -1;
    await until(() => {
      this.receive();
      at = this.messages.findIndex((message, i) => i >= from && name in message);
      return at >= 0;
    }, () => `${name} in ${JSON.stringify(this.messages.slice(from))}`);
    return at;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
