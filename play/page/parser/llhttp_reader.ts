/**
 * llhttp, the parser of Node.js, as it is built for undici, for comparison. Strict is how Node's servers
 * run it; lenient is what Node's option `--insecure-http-parser` allows.
 */
import wasm from "./llhttp.wasm" with { type: "bytes" };
import { type Cuts, partsOf } from "../bytes/cuts.ts";
import type { Reading, ReadMessage, Refusal } from "./reading.ts";

/** How much llhttp tolerates. */
export type LlhttpMode = "strict" | "lenient";

/** Functions that make llhttp lenient; each takes a parser and 1. */
const LENIENT = [
  "headers",
  "chunked_length",
  "keep_alive",
  "transfer_encoding",
  "version",
  "data_after_close",
  "optional_lf_after_cr",
  "optional_crlf_after_chunk",
  "optional_cr_before_lf",
  "spaces_after_chunk_size",
] as const;

/** The exports that are used; pointers and sizes are in bytes. */
type Llhttp =
  & {
    memory: WebAssembly.Memory;
    _initialize(): void;
    malloc(size: number): number;
    free(pointer: number): void;
    llhttp_alloc(type: number): number;
    llhttp_free(parser: number): void;
    llhttp_execute(parser: number, data: number, size: number): number;
    llhttp_resume(parser: number): void;
    llhttp_resume_after_upgrade(parser: number): void;
    llhttp_get_error_pos(parser: number): number;
    llhttp_get_error_reason(parser: number): number;
    llhttp_errno_name(code: number): number;
    llhttp_get_http_major(parser: number): number;
    llhttp_get_http_minor(parser: number): number;
    llhttp_get_method(parser: number): number;
    llhttp_method_name(method: number): number;
  }
  & Record<
    `llhttp_set_lenient_${(typeof LENIENT)[number]}`,
    (parser: number, isSet: number) => void
  >;

/** `llhttp_type_t` of requests. */
const REQUEST = 1;
/** `llhttp_errno_t`. */
const OK = 0;
const PAUSED = 21;
const PAUSED_UPGRADE = 22;

let compiled: WebAssembly.Module | undefined;

/** Parses `bytes`, arriving in the parts that `cuts` make. */
export function readWithLlhttp(
  bytes: Uint8Array<ArrayBuffer>,
  mode: LlhttpMode,
  cuts: Cuts = [],
): Reading {
  return new Run(mode).read(partsOf(bytes, cuts));
}

/** One stream. */
class Run {
  readonly #llhttp: Llhttp;
  readonly #parser: number;
  readonly #messages: ReadMessage[] = [];
  #message: ReadMessage | undefined;
  #fields: [string, string][] = [];
  /** Whether the last span was part of a value, so that a name after it begins a new field line. */
  #isAfterValue = true;
  /** Where the last message has ended. */
  #ended = 0;

  constructor(mode: LlhttpMode) {
    const span =
      (take: (text: string) => void) => (_: number, at: number, size: number): number => {
        take(this.#latin1(at, size));
        return OK;
      };
    const env = {
      wasm_on_message_begin: () => this.#begin(),
      wasm_on_url: span((text) => this.#message!.target += text),
      wasm_on_status: () => OK,
      wasm_on_header_field: span((text) => {
        if (this.#isAfterValue) this.#fields.push(["", ""]);
        this.#isAfterValue = false;
        this.#fields.at(-1)![0] += text;
      }),
      wasm_on_header_value: span((text) => {
        this.#isAfterValue = true;
        this.#fields.at(-1)![1] += text;
      }),
      wasm_on_headers_complete: (_: number, _status: number, _upgrade: number, keeps: number) =>
        this.#headComplete(keeps === 1),
      wasm_on_body: span((text) => this.#message!.content += text),
      // Pausing after each message shows where that ended.
      wasm_on_message_complete: () => PAUSED,
    };
    compiled ??= new WebAssembly.Module(wasm);
    this.#llhttp = new WebAssembly.Instance(compiled, { env }).exports as unknown as Llhttp;
    this.#llhttp._initialize();
    this.#parser = this.#llhttp.llhttp_alloc(REQUEST);
    if (mode === "strict") return;
    for (const what of LENIENT) this.#llhttp[`llhttp_set_lenient_${what}`](this.#parser, 1);
  }

  read(parts: Uint8Array[]): Reading {
    let start = 0;
    for (const part of parts) {
      const refusal = this.#execute(part, start);
      if (refusal !== undefined) {
        const isEnd = refusal.code === "HPE_CLOSED_CONNECTION";
        if (isEnd) return { messages: this.#messages, ending: "closed" };
        return { messages: this.#messages, ending: "refused", refusal };
      }
      start += part.length;
    }
    const last = this.#messages.at(-1);
    const isEnded = last?.to !== undefined;
    if (isEnded && !last!.keepsAlive) return { messages: this.#messages, ending: "closed" };
    const isReady = this.#message === undefined && this.#ended === start;
    return { messages: this.#messages, ending: isReady ? "ready" : "incomplete" };
  }

  /** @param start where the part begins in the stream */
  #execute(part: Uint8Array, start: number): Refusal | undefined {
    const llhttp = this.#llhttp;
    const pointer = llhttp.malloc(part.length);
    try {
      new Uint8Array(llhttp.memory.buffer).set(part, pointer);
      for (let from = 0; from < part.length;) {
        const code = llhttp.llhttp_execute(this.#parser, pointer + from, part.length - from);
        if (code === OK) return;
        const at = llhttp.llhttp_get_error_pos(this.#parser) - pointer;
        if (code !== PAUSED && code !== PAUSED_UPGRADE) return this.#refusal(code, start + at);
        if (code === PAUSED) this.#complete(start + at);
        // The server would not switch protocols, so parsing goes on after a request for an upgrade.
        if (code === PAUSED) llhttp.llhttp_resume(this.#parser);
        else llhttp.llhttp_resume_after_upgrade(this.#parser);
        from = at;
      }
    } finally {
      llhttp.free(pointer);
    }
  }

  #begin(): number {
    this.#message = {
      method: "",
      target: "",
      version: "",
      fields: [],
      content: "",
      keepsAlive: false,
      from: this.#ended,
    };
    this.#fields = this.#message.fields;
    this.#isAfterValue = true;
    return OK;
  }

  #headComplete(keepsAlive: boolean): number {
    const llhttp = this.#llhttp;
    const message = this.#message!;
    const major = llhttp.llhttp_get_http_major(this.#parser);
    const minor = llhttp.llhttp_get_http_minor(this.#parser);
    message.method = this.#text(llhttp.llhttp_method_name(llhttp.llhttp_get_method(this.#parser)));
    message.version = `${major}.${minor}`;
    message.keepsAlive = keepsAlive;
    this.#messages.push(message);
    // Fields from here on are trailers.
    this.#fields = [];
    this.#isAfterValue = true;
    return OK;
  }

  #complete(at: number): void {
    this.#message!.to = this.#ended = at;
    this.#message = undefined;
  }

  #refusal(code: number, at: number): Refusal {
    const llhttp = this.#llhttp;
    return {
      reason: this.#text(llhttp.llhttp_get_error_reason(this.#parser)),
      code: this.#text(llhttp.llhttp_errno_name(code)),
      at,
    };
  }

  #latin1(at: number, size: number): string {
    let text = "";
    for (const byte of new Uint8Array(this.#llhttp.memory.buffer, at, size)) {
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** The C string at `at`. */
  #text(at: number): string {
    if (at === 0) return "";
    const bytes = new Uint8Array(this.#llhttp.memory.buffer, at);
    return this.#latin1(at, bytes.indexOf(0));
  }
}
