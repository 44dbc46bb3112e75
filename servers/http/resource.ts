/**
 * A resource answers complete, valid requests for the HTTP service. The service itself deals with
 * framing, persistence, expectations and unknown methods.
 */
import type { Sender } from "../net/service.ts";
import type { FieldLine } from "./head.ts";

/** A complete request. Valid until it is answered; its values are decoded on demand. */
export interface HttpRequest {
  /** A known method, in capitals. */
  readonly method: string;
  /** The request target as sent, one character per byte. */
  readonly target: string;
  /**
   * Whether it has a field, other than Accept-Encoding, that may affect the answer to a GET:
   * conditions, ranges, credentials and the like.
   */
  readonly hasDecisiveField: boolean;
  /** A field by its name in lower case; repeated fields are combined with ", ". */
  field(name: string): string | undefined;
}

/** Content as plain data that can be sent to another thread, in a form of the resource's own. */
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
  /** Plain data from which `Resource.attach` makes the same content on another thread. */
  detach?(): DetachedContent | Promise<DetachedContent>;
}

/**
 * An answer, without what the service adds: Date, Server, Connection, framing.
 *
 * @typeParam Content what its content can be besides bytes
 */
export interface Answer<Content = Streamed | "request"> {
  /** 200 to 599. */
  status: number;
  /** Its fields, as they are sent. */
  fields: readonly FieldLine[];
  /**
   * `undefined`: none. `"request"`: the request's content (for resources that keep content).
   * Content may be given for HEAD too; the service does not send it.
   */
  content: Uint8Array | Content | undefined;
  /**
   * Length of streamed content, or of content that is not given; absent: not known before its end.
   */
  length?: number;
  /**
   * Until when (ms since the epoch) plain GETs of the same target and Accept-Encoding may get the
   * same answer without asking again; absent: never.
   */
  freshUntilMs?: number;
}

/**
 * The result of attaching content: the content, or an answer to give instead when it cannot be
 * sent, or undefined when it has changed.
 */
export type Attached = Streamed | Answer | undefined;

/** A resource behind the HTTP service. */
export interface Resource {
  /** Value of the Allow field. */
  readonly allow: string;
  /** Whether the content of requests is kept, for `"request"`; otherwise it is dropped. */
  readonly keepsContent: boolean;
  /**
   * Whether the content of requests is given to `answer`, as a whole. `guard` is then called before
   * any of it is received, and refuses content that is too long. Only in a service whose memory no
   * other thread shares.
   */
  readonly readsContent?: boolean;
  /**
   * Answers a complete request.
   *
   * @param request its method, target and fields
   * @param content of the request; empty unless the resource reads it
   */
  answer(request: HttpRequest, content: Uint8Array<ArrayBuffer>): Answer | Promise<Answer>;
  /**
   * Called first: returns the answer to a request that is not authorized, or undefined. Later steps
   * do not check again: `attach` only gets content for requests that have passed, and answers to
   * requests with credentials are not kept. The verdict may come as a promise; by then the request
   * may be over.
   */
  guard?(request: HttpRequest): Answer | undefined | Promise<Answer | undefined>;
  /**
   * Makes the answer to a request that the service refuses before it reaches `answer`, or cannot
   * answer. Default: a short plain text.
   */
  refuse?(request: HttpRequest, status: number, reason: string): Answer;
  /**
   * Makes content from what another instance's `Streamed.detach` returned.
   *
   * @returns the content, or an answer to give instead; `undefined` when the content is no longer
   *   what it was
   */
  attach?(
    content: DetachedContent,
    request: HttpRequest,
  ): Attached | Promise<Attached>;
  /** An answer to every plain GET, which the core sends without calling `answer`. */
  readonly canned?: Answer;
}

const encoder = new TextEncoder();

/** Response fields of plain text. */
export const TEXT_FIELDS: readonly FieldLine[] = [["Content-Type", "text/plain; charset=utf-8"]];

/** A short plain text as an answer, such as an error's. */
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
