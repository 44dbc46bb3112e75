/** llhttp as a reference parser that collects whole messages, for comparison. */
import constants from "undici/lib/llhttp/constants.js";
import { LlhttpDriver, llhttpErrorName } from "../../tools/benchmarks/core/llhttp.ts";
import { latin1Text } from "../../bench/check/latin1.ts";

/** A request as llhttp read it; strings are latin1. */
export interface LlhttpMessage {
  method: string;
  target: string;
  major: number;
  minor: number;
  fields: [name: string, value: string][];
  body: string;
  /** Field lines after a chunked body. */
  trailers: [name: string, value: string][];
  keepAlive: boolean;
}

export type LlhttpEvent = LlhttpMessage | { error: string };

export class LlhttpParser implements Disposable {
  #driver: LlhttpDriver;
  #chunk: Uint8Array = new Uint8Array();
  #events: LlhttpEvent[] = [];
  #message: LlhttpMessage | undefined;
  #fields: [string, string][] = [];
  #failed = false;
  /** Whether the last span was of a value, so that a name after it begins a new field line. */
  #afterValue = true;

  constructor() {
    const text = (at: number, size: number) => {
      const start = at - this.#driver.pointer;
      return latin1Text(this.#chunk.subarray(start, start + size));
    };
    this.#driver = new LlhttpDriver({
      wasm_on_message_begin: () => this.#begin(),
      wasm_on_url: (_, at, size) => {
        this.#message!.target += text(at, size);
        return 0;
      },
      wasm_on_status: () => 0,
      wasm_on_header_field: (_, at, size) => {
        if (this.#afterValue) this.#fields.push(["", ""]);
        this.#afterValue = false;
        this.#fields.at(-1)![0] += text(at, size);
        return 0;
      },
      wasm_on_header_value: (_, at, size) => {
        this.#afterValue = true;
        this.#fields.at(-1)![1] += text(at, size);
        return 0;
      },
      wasm_on_headers_complete: (_parser, _status, _upgrade, keepAlive) => {
        const message = this.#message!;
        Object.assign(message, this.#driver.version, { method: this.#driver.method });
        message.keepAlive = keepAlive === 1;
        this.#fields = message.trailers;
        this.#afterValue = true;
        return 0;
      },
      wasm_on_body: (_, at, size) => {
        this.#message!.body += text(at, size);
        return 0;
      },
      wasm_on_message_complete: () => {
        this.#events.push(this.#message!);
        this.#message = undefined;
        return 0;
      },
    });
  }

  /** Whether a message has begun and is not complete. */
  get incomplete(): boolean {
    return this.#message !== undefined && !this.#failed;
  }

  /**
   * Parses the next bytes of the stream.
   *
   * An upgrade is ignored: parsing goes on after its head, as a server does that knows none. After an
   * error nothing more is parsed.
   *
   * @returns the messages that the bytes complete, then the error's name without `HPE_`, if any
   */
  execute(bytes: Uint8Array): LlhttpEvent[] {
    this.#events = [];
    while (!this.#failed) {
      this.#chunk = bytes;
      const code = this.#driver.execute(bytes);
      if (code === constants.ERROR.OK) break;
      if (code === constants.ERROR.PAUSED_UPGRADE) {
        bytes = bytes.subarray(this.#driver.resume());
        continue;
      }
      this.#failed = true;
      this.#events.push({ error: llhttpErrorName(code) });
    }
    return this.#events;
  }

  [Symbol.dispose](): void {
    this.#driver.dispose();
  }

  #begin(): number {
    this.#message = {
      method: "",
      target: "",
      major: 0,
      minor: 0,
      fields: [],
      body: "",
      trailers: [],
      keepAlive: false,
    };
    this.#fields = this.#message.fields;
    this.#afterValue = true;
    return 0;
  }
}
