/**
 * llhttp, as the parser to compare with: undici's Wasm SIMD build, driven as undici's
 * lib/dispatcher/client-h1.js drives it, but as a parser of requests and with the strict defaults.
 */
import constants from "undici/lib/llhttp/constants.js";
import wasm from "undici/lib/llhttp/llhttp_simd-wasm.js";

/** undici grows its scratch buffer in steps of this many bytes. */
const BUFFER_STEP = 4096;

const MODULE = new WebAssembly.Module(wasm as BufferSource);

/** The exports of the Wasm module that are used here; pointers and sizes are in bytes. */
interface Llhttp {
  memory: WebAssembly.Memory;
  malloc(size: number): number;
  free(pointer: number): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, data: number, size: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_method_name(method: number): number;
  llhttp_resume_after_upgrade(parser: number): void;
}

type Span = (parser: number, at: number, size: number) => number;
type Mark = (parser: number) => number;

/** The callbacks that the module imports; each returns 0 to go on. */
export interface LlhttpCallbacks {
  wasm_on_message_begin: Mark;
  wasm_on_url: Span;
  wasm_on_status: Span;
  wasm_on_header_field: Span;
  wasm_on_header_value: Span;
  wasm_on_headers_complete: (
    parser: number,
    status: number,
    upgrade: number,
    keepAlive: number,
  ) => number;
  wasm_on_body: Span;
  wasm_on_message_complete: Mark;
}

/** A parser of requests and its scratch buffer, over an instance of the module of its own. */
export class LlhttpDriver {
  readonly exports: Llhttp;
  #parser: number;
  #pointer = 0;
  #size = 0;
  #view: Uint8Array = new Uint8Array();

  constructor(callbacks: LlhttpCallbacks) {
    const imports = { env: callbacks as unknown as WebAssembly.ModuleImports };
    this.exports = new WebAssembly.Instance(MODULE, imports).exports as unknown as Llhttp;
    this.#parser = this.exports.llhttp_alloc(constants.TYPE.REQUEST);
  }

  /** Address of the scratch buffer: where the bytes of the current call begin. */
  get pointer(): number {
    return this.#pointer;
  }

  /** The method of the current message. */
  get method(): string {
    const at = this.exports.llhttp_method_name(this.exports.llhttp_get_method(this.#parser));
    const memory = new Uint8Array(this.exports.memory.buffer, at);
    return String.fromCharCode(...memory.subarray(0, memory.indexOf(0)));
  }

  get version(): { major: number; minor: number } {
    return {
      major: this.exports.llhttp_get_http_major(this.#parser),
      minor: this.exports.llhttp_get_http_minor(this.#parser),
    };
  }

  /** Copies a chunk into the scratch buffer and parses it, as undici does. @returns the error code */
  execute(chunk: Uint8Array): number {
    const llhttp = this.exports;
    if (chunk.length > this.#size) {
      if (this.#pointer !== 0) llhttp.free(this.#pointer);
      this.#size = Math.ceil(chunk.length / BUFFER_STEP) * BUFFER_STEP;
      this.#pointer = llhttp.malloc(this.#size);
    }
    if (
      this.#view.buffer !== llhttp.memory.buffer || this.#view.byteOffset !== this.#pointer ||
      this.#view.byteLength !== this.#size
    ) {
      this.#view = new Uint8Array(llhttp.memory.buffer, this.#pointer, this.#size);
    }
    this.#view.set(chunk);
    return llhttp.llhttp_execute(this.#parser, this.#pointer, chunk.length);
  }

  /** After PAUSED_UPGRADE: makes the parser go on. @returns how many bytes of the chunk were taken */
  resume(): number {
    const taken = this.exports.llhttp_get_error_pos(this.#parser) - this.#pointer;
    this.exports.llhttp_resume_after_upgrade(this.#parser);
    return taken;
  }

  dispose(): void {
    this.exports.llhttp_free(this.#parser);
    if (this.#pointer !== 0) this.exports.free(this.#pointer);
  }
}

const NAMES = new Map(Object.entries(constants.ERROR).map(([name, code]) => [code, name]));

/** The name of an error code, without `HPE_`. */
export function llhttpErrorName(code: number): string {
  return NAMES.get(code) ?? `${code}`;
}

/**
 * llhttp with the callbacks that undici installs and a consumer that does almost nothing: each span
 * adds its place and length to a checksum, so that no call can be optimised away and the spans are
 * known to have arrived. undici itself makes a Buffer of each span; that cost is left out.
 */
export class LeanLlhttp implements Disposable {
  #driver: LlhttpDriver;
  #checksum = 0;
  #messages = 0;

  constructor() {
    const span: Span = (_, at, size) => {
      this.#checksum = (this.#checksum + at * 31 + size) | 0;
      return 0;
    };
    this.#driver = new LlhttpDriver({
      wasm_on_message_begin: () => 0,
      wasm_on_url: span,
      wasm_on_status: span,
      wasm_on_header_field: span,
      wasm_on_header_value: span,
      wasm_on_headers_complete: (_parser, _status, upgrade, keepAlive) => {
        this.#checksum = (this.#checksum + upgrade * 2 + keepAlive) | 0;
        return 0;
      },
      wasm_on_body: span,
      wasm_on_message_complete: () => {
        this.#messages++;
        return 0;
      },
    });
  }

  /** Messages completed so far. */
  get messages(): number {
    return this.#messages;
  }

  /** A number that depends on every span reported so far. */
  get checksum(): number {
    return this.#checksum;
  }

  /** Copies the bytes into llhttp's memory and parses them. @throws when llhttp rejects them */
  execute(bytes: Uint8Array): void {
    const code = this.#driver.execute(bytes);
    if (code !== constants.ERROR.OK) {
      throw new Error(`llhttp rejects the bytes: ${llhttpErrorName(code)}`);
    }
  }

  [Symbol.dispose](): void {
    this.#driver.dispose();
  }
}
