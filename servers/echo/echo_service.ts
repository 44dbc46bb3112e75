/**
 * The echo service sends back the bytes that it receives, in pieces of at most the buffer's size,
 * each sent whole before the next. The pieces are sent from where they were received.
 */
import type { Core } from "../../core/mod.ts";
import { Effect, Phase, type Service } from "../net/service.ts";

/** Settings of the echo service. */
export interface EchoOptions {
  /** Most bytes of a piece. */
  bufferBytes: number;
  /** Called with a line for each message that is split. */
  log?: (line: string) => void;
  /** Called with a line whenever a client connects or disconnects. */
  logClients?: (line: string) => void;
}

/** The echo protocol (RFC 862), with a bounded buffer. */
export class EchoService implements Service {
  readonly #core: Core;
  readonly #bufferBytes: number;
  readonly #log: ((line: string) => void) | undefined;
  readonly #logClients: ((line: string) => void) | undefined;

  constructor(core: Core, options: EchoOptions) {
    this.#core = core;
    this.#bufferBytes = options.bufferBytes;
    this.#log = options.log;
    this.#logClients = options.logClients;
  }

  receive(conn: number): Effect {
    const core = this.#core;
    const before = core.pending(conn);
    const piece = core.nextPiece(conn, this.#bufferBytes);
    if (piece === 0) {
      core.rewind(conn);
      return Effect.Read;
    }
    core.countServed(conn);
    // Word 0 counts the bytes of a message that are already logged, so that its split is logged
    // once.
    if (this.#log !== undefined && before > piece && core.serviceWord(conn, 0) === 0) {
      this.#log(describeSplit(before, this.#bufferBytes));
    }
    core.setServiceWord(conn, 0, before - piece);
    return Effect.SendPiece;
  }

  finish(): Effect {
    return Effect.Close;
  }

  phase(): Phase {
    return Phase.Idle;
  }

  expire(): Effect {
    return Effect.Close;
  }

  clientsChanged(clients: number, peer: string, hasCome: boolean): void {
    this.#logClients?.(`${hasCome ? "connected" : "disconnected"}: ${peer}, ${clients} clients`);
  }
}

/** Pieces that a line lists before it abbreviates the rest. */
const NAMED_PIECES = 8;

/** Says how a message is cut: `31 bytes -> 20 + 11`; long lists are shortened. */
export function describeSplit(bytes: number, bufferBytes: number): string {
  const count = Math.ceil(bytes / bufferBytes);
  const last = bytes - (count - 1) * bufferBytes;
  const whole = Array<number>(Math.min(count - 1, NAMED_PIECES)).fill(bufferBytes);
  const omitted = count - 1 - whole.length;
  const pieces = [...whole, ...(omitted > 0 ? [`${omitted} more`] : []), last];
  return `${bytes} bytes -> ${pieces.join(" + ")}`;
}
