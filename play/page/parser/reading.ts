/** What a parser makes of a stream of bytes, in the same words for every parser. Strings are latin1. */

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
  /** Offset of its first byte, and of the byte behind its last. */
  from: number;
  /** Absent while the rest of it has not come. */
  to?: number;
}

/** Why a parser refuses the bytes. */
export interface Refusal {
  /** In the parser's own words. */
  reason: string;
  /** The parser's own name of the fault, if it has one. */
  code?: string;
  /** Status that answers it, and where the rule stands. */
  status?: number;
  reference?: string;
  /** Where it begins to be refused: offset of the line or chunk, or of the very byte. */
  at: number;
}

/**
 * What became of the stream: all of it is read (`ready` for the next request), a message waits for
 * more (`incomplete`), a message has asked for the end of the connection, behind which nothing is
 * read (`closed`), or the bytes are refused.
 */
export type Ending = "ready" | "incomplete" | "closed" | "refused";

/** All of it. */
export interface Reading {
  messages: ReadMessage[];
  ending: Ending;
  /** Of `refused`. */
  refusal?: Refusal;
}

/** The messages that are complete. */
export function completeMessages({ messages }: Reading): ReadMessage[] {
  return messages.filter(({ to }) => to !== undefined);
}
