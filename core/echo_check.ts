/**
 * The host's side of the echo check: slots in Wasm memory, one per client, that messages are sent
 * from and echoes are received into. It does no I/O: the caller sends and receives the bytes.
 */
import { Core } from "./host.ts";
import { Echo, type EchoVerdict } from "./shared/abi_echo.ts";

/** The messages of a run, and how many clients can send one at the same time. */
export interface EchoCheckOptions {
  /** The most clients that exchange a message at the same time. */
  slots: number;
  /** Bytes of a message, at least 1; ignored with `text`. */
  sizeBytes: number;
  /** Bytes, at least one, to send every time instead of generated, unique messages. */
  text?: Uint8Array;
  /** Bytes of any value that follow each echo and belong to it; default 0. */
  paddingBytes?: number;
}

/** Functions of the module; `record` is the address of a slot's record. */
interface Exports {
  beginEcho(record: number, client: number, round: number, sequence: number, size: number): void;
  generateEcho(record: number, target: number, room: number): number;
  checkEcho(record: number, source: number, length: number): EchoVerdict;
  identifyEcho(record: number, source: number, length: number): number;
}

/** A larger message is sent and received in parts of this size. */
const MAX_PART_BYTES = 65536;

/** Slots for the messages of one thread's clients. */
export class EchoCheck {
  /** Bytes of a message. */
  readonly sizeBytes: number;
  readonly #core: Core;
  readonly #wasm: Exports;
  readonly #partBytes: number;
  readonly #textStart: number;
  readonly #paddingBytes: number;

  /**
   * Reserves memory for `options.slots` slots; none of it is resident before it is used.
   *
   * @throws {RangeError} when the slots exceed a Wasm memory, or the system refuses to reserve it
   */
  constructor(options: EchoCheckOptions) {
    const { slots, text, paddingBytes = 0 } = options;
    this.#paddingBytes = paddingBytes;
    this.sizeBytes = text?.length ?? options.sizeBytes;
    this.#partBytes = Math.min(Math.ceil(this.sizeBytes / 16) * 16, MAX_PART_BYTES);
    const areas = Echo.Areas + 2 * (this.#partBytes + Echo.Slack);
    this.#core = Core.create({
      blocks: slots + (text ? 1 : 0),
      inputBytes: Math.max(areas, text?.length ?? 0),
      limits: { maxRequestLine: 0, maxHeaderSize: 0, maxHeaders: 0, maxBody: 0 },
    });
    const { module, memory } = this.#core.share;
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.#wasm = instance.exports as unknown as Exports;
    this.#textStart = text ? this.#core.open() : 0;
    if (text) this.#core.bytes.set(text, this.#textStart);
  }

  /** All memory; messages are sent from it, and echoes received into it. It never moves. */
  get memory(): Uint8Array<SharedArrayBuffer> {
    return this.#core.bytes;
  }

  /**
   * Takes a slot; it is held as long as this object lives.
   *
   * @throws {RangeError} when all are taken
   */
  open(): EchoSlot {
    const record = this.#core.open();
    if (record === 0) throw new RangeError("No slot is left: more were opened than asked for");
    this.#core.words[record + Echo.Text >>> 2] = this.#textStart;
    this.#core.words[record + Echo.Padding >>> 2] = this.#paddingBytes;
    return new EchoSlot(this.#core, this.#wasm, {
      record,
      sizeBytes: this.sizeBytes,
      partBytes: this.#partBytes,
    });
  }
}

/** Where a slot lies, and the sizes of its message and areas in bytes. */
interface SlotPlace {
  record: number;
  sizeBytes: number;
  partBytes: number;
}

/** The message that one client is exchanging. */
export class EchoSlot {
  /** Where to receive the next stretch of the echo. */
  readonly receiveView: Uint8Array<SharedArrayBuffer>;
  readonly #core: Core;
  readonly #wasm: Exports;
  readonly #place: SlotPlace;
  /** The first part of the message, usually all of it. */
  readonly #sendView: Uint8Array<SharedArrayBuffer>;

  /** For {@linkcode EchoCheck.open} only. */
  constructor(core: Core, wasm: Exports, place: SlotPlace) {
    const { record, sizeBytes, partBytes } = place;
    this.#core = core;
    this.#wasm = wasm;
    this.#place = place;
    const sendStart = record + Echo.Areas;
    const receiveStart = sendStart + partBytes + Echo.Slack;
    this.#sendView = core.bytes.subarray(sendStart, sendStart + Math.min(sizeBytes, partBytes));
    this.receiveView = core.bytes.subarray(receiveStart, receiveStart + partBytes);
  }

  /** Begins the message identified by `client`, `round` and `sequence` (each below 2^32). */
  begin(client: number, round: number, sequence: number): void {
    const { record, sizeBytes } = this.#place;
    this.#wasm.beginEcho(record, client, round, sequence, sizeBytes);
  }

  /** The next part of the message; empty when all of it was handed out. Send it before the next call. */
  nextPart(): Uint8Array<SharedArrayBuffer> {
    const { record, partBytes } = this.#place;
    const length = this.#wasm.generateEcho(record, this.#sendView.byteOffset, partBytes);
    return length === this.#sendView.length ? this.#sendView : this.#sendView.subarray(0, length);
  }

  /** Compares the `count` bytes that were received into {@linkcode receiveView}. */
  check(count: number): EchoVerdict {
    return this.#wasm.checkEcho(this.#place.record, this.receiveView.byteOffset, count);
  }

  /** Bytes of a message. */
  get sizeBytes(): number {
    return this.#place.sizeBytes;
  }

  /** How many bytes of the echo were received and are correct. */
  get checkedBytes(): number {
    return this.#word(Echo.Checked);
  }

  /** After a mismatch, the offset of the first wrong byte; the size when the echo is too long. */
  get mismatchAt(): number {
    return this.#word(Echo.MismatchAt);
  }

  /**
   * Whose message the `count` bytes in {@linkcode receiveView} start with; null when that is
   * unknown. For explaining a mismatch.
   */
  identify(count: number): { client: number; round: number; sequence: number } | null {
    const { record } = this.#place;
    if (!this.#wasm.identifyEcho(record, this.receiveView.byteOffset, count)) return null;
    return {
      client: this.#word(Echo.FoundClient),
      round: this.#word(Echo.FoundRound),
      sequence: this.#word(Echo.FoundSequence),
    };
  }

  #word(place: Echo): number {
    return this.#core.words[this.#place.record + place >>> 2];
  }
}
