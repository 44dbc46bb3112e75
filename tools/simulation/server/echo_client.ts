/** A client of the echo service that gets back exactly what it sent. */
import { Client, type ClientPlan, type ClientWorld } from "./client.ts";

/** The byte at `position` of what client `id` sends. */
export function echoByte(id: number, position: number): number {
  return id * 37 + position * 11 + (position >>> 8) * 5 & 255;
}

/** What client `id` sends from `start` on. */
export function echoBytes(id: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; ++i) bytes[i] = echoByte(id, start + i);
  return bytes;
}

/** A client that sends messages, and compares. */
export class EchoClient extends Client {
  readonly #messages: number[];
  readonly #isPipelined: boolean;
  #next = 0;
  #sent = 0;
  #received = 0;
  /** Bytes that the server had received when it began to drain. */
  #owed = 0;
  /** When it last sent. */
  #sinceUs = 0;

  constructor(plan: Extract<ClientPlan, { kind: "echo client" }>, world: ClientWorld) {
    super(plan, world);
    this.#messages = plan.messages;
    this.#isPipelined = plan.isPipelined;
  }

  protected connected(): void {
    do this.#send(); while (this.#isPipelined && this.#next < this.#messages.length);
  }

  #send(): void {
    const length = this.#messages[this.#next++];
    this.#sinceUs = this.world.clock.nowUs;
    this.send(echoBytes(this.id, this.#sent, length));
    this.#sent += length;
  }

  protected received(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; ++i) {
      if (bytes[i] === echoByte(this.id, this.#received + i)) continue;
      this.wrong(`byte ${this.#received + i} of the echo differs`);
    }
    this.#received += bytes.length;
    if (this.#received > this.#sent) this.wrong("more came back than was sent");
    if (this.#received < this.#sent) return;
    if (this.#next < this.#messages.length) this.#send();
    else this.finish();
  }

  protected override owed(): void {
    this.#owed = this.#sent;
  }

  protected ended(isReset: boolean): void {
    if (
      this.#received < this.#owed && !isReset && this.isDrainedInTime &&
      !this.world.isTroubled(this.#sinceUs)
    ) this.wrong(`the server drained after ${this.#received} of ${this.#owed} bytes`);
    const isWhole = this.#next === this.#messages.length && this.#received === this.#sent;
    if (!this.world.isDraining && !this.world.isTroubled(this.#sinceUs)) {
      if (isReset) this.wrong("the connection was reset");
      if (!isWhole) {
        this.wrong(`the server closed after ${this.#received} of ${this.#sent} bytes`);
      }
    }
    this.leave();
  }
}
