/**
 * A resource answers complete, valid requests for the HTTP service. The service itself deals with
 * framing, persistence, expectations and unknown methods.
 */
import type { Sender } from "../net/service.ts";
import type { FieldLine } from "./head.ts";

/** A complete request. Valid until it is answered; its values are decoded when asked for. */
export interface HttpRequest {
  /** A known method, in capitals. */
  readonly method: string;
  /** The request target as sent, a char code a byte. */
  readonly target: string;
  /**
   * Whether it has a field, beside Accept-Encoding, that may decide which answer a GET gets:
   * conditions, ranges, credentials and the like.
   */
  readonly hasDecisiveField: boolean;
  /** A field by its name in lower case; repeated fields are combined with ", ". */
  field(name: string): string | undefined;
}

/** Content as plain data, in a form of the resource's own, that can be sent to another thread. */
export type DetachedContent = object;

/** Content that is sent piece by piece. */
export interface Streamed {
  /**
   * Sends the content.
   *
   * @returns whether all that was announced was sent; if not, the connection is closed
   */
  send(sender: Sender): Promise<boolean>;
  /** Releases its resources; always called, after `send` or instead of it. */
  cancel(): void;
  /** What `Resource.attach` makes the same content of on another thread. */
  detach?(): DetachedContent | Promise<DetachedContent>;
}

/**
 * An answer, but for what the service adds: Date, Server, Connection, framing.
 *
 * @typeParam Content what its content can be besides bytes
 */
export interface Answer<Content = Streamed | "request"> {
  /** 200 to 599. */
  status: number;
  /** Its fields, as they are sent. */
  fields: readonly FieldLine[];
  /**
   * `undefined`: none. `"request"`: the request's content (the resource keeps content). Content
   * is given for HEAD too where there is some; the service leaves it out.
   */
  content: Uint8Array | Content | undefined;
  /** Bytes of streamed content, or of content that is left out; absent: not known before its end. */
  length?: number;
  /**
   * Until when (ms since the epoch) plain GETs of the same target and Accept-Encoding may get the
   * same answer without asking again; absent: never.
   */
  freshUntilMs?: number;
}

/** What comes of content that is handed over: an answer of its own when it cannot be sent. */
export type Attached = Streamed | Answer | undefined;

/** A resource behind the HTTP service. */
export interface Resource {
  /** Value of Allow. */
  readonly allow: string;
  /** Whether the content of requests is kept, for `"request"`; else it is dropped. */
  readonly keepsContent: boolean;
  /**
   * Whether the content of requests is given to `answer`, as a whole. Then `guard` is asked before any
   * of it is received, and refuses what is too long. Only in a service that no other thread shares.
   */
  readonly readsContent?: boolean;
  /**
   * Answers a request that is whole.
   *
   * @param request its method, target and fields
   * @param content of the request; empty unless the resource reads it
   */
  answer(request: HttpRequest, content: Uint8Array<ArrayBuffer>): Answer | Promise<Answer>;
  /**
   * Asked before anything else is: the answer to who may not come in. Nothing behind it asks again:
   * `attach` gets content of requests that have passed, and answers to requests with credentials
   * are not kept. A judgement that takes long comes later; by then the request may be over.
   */
  guard?(request: HttpRequest): Answer | undefined | Promise<Answer | undefined>;
  /**
   * Words the answer to a request that the service refuses before it reaches `answer`, or cannot answer.
   * Without it that is a short plain text.
   */
  refuse?(request: HttpRequest, status: number, reason: string): Answer;
  /**
   * Makes content of what another instance's `Streamed.detach` returned.
   *
   * @returns the content, or an answer to give instead; `undefined` when the content is no longer
   *   what it was
   */
  attach?(
    content: DetachedContent,
    request: HttpRequest,
  ): Attached | Promise<Attached>;
  /** An answer that any plain GET gets, without asking: the core sends it from Wasm. */
  readonly canned?: Answer;
}

const encoder = new TextEncoder();

/** What plain text is labelled with. */
export const TEXT_FIELDS: readonly FieldLine[] = [["Content-Type", "text/plain; charset=utf-8"]];

/** A short plain text as an answer, such as errors have. */
export function textAnswer(
  status: number,
  text: string,
  fields: readonly FieldLine[] = [],
): Answer {
  return {
    status,
    fields: [...TEXT_FIELDS, ...fields],
    content: encoder.encode(text + "\n"),
  };
}
