/** How a parser reads a stream of bytes, in the same form for every parser. Strings are latin1. */

/** How a message's content is framed. */
export type Framing = "none" | "length" | "chunked";

/** A request as a parser read it. */
export interface ReadMessage {
  method: string;
  target: string;
  /** `1.1` */
  version: string;
  fields: [name: string, value: string][];
  /** Absent: the parser does not say. */
  framing?: Framing;
  content: string;
  keepsAlive: boolean;
  /** Offset of its first byte. */
  from: number;
  /** Offset of the byte after its last; absent while it is incomplete. */
  to?: number;
}

/** Why a parser refuses the bytes. */
export interface Refusal {
  /** In the parser's own words. */
  reason: string;
  /** The parser's own name of the fault, if it has one. */
  code?: string;
  /** Status of the answer, and the section of the RFC with the rule. */
  status?: number;
  reference?: string;
  /** Offset of what is refused: a line or chunk, or a single byte. */
  at: number;
}

/**
 * What became of the stream: all of it is read (`ready` for the next request), a message waits for
 * more (`incomplete`), a message has asked for the end of the connection, after which nothing is
 * read (`closed`), or the bytes are refused.
 */
export type Ending = "ready" | "incomplete" | "closed" | "refused";

/** A whole stream as a parser read it. */
export interface Reading {
  messages: ReadMessage[];
  ending: Ending;
  /** With `refused`. */
  refusal?: Refusal;
}

/** The messages that are complete. */
export function completeMessages({ messages }: Reading): ReadMessage[] {
  return messages.filter(({ to }) => to !== undefined);
}
