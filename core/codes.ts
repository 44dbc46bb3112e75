/**
 * What each fault means to the peer: the status to answer, and the reason in words.
 */
import { Code } from "./shared/abi.ts";

/**
 * A status code (RFC 9110 section 15), the sentence that explains it in the error's body, and the
 * rule that was broken.
 */
export interface Fault {
  /** 400 to 599. */
  status: number;
  /** What is wrong with the request. */
  reason: string;
  /** RFC and section of the rule. */
  reference: string;
}

const FAULTS: Readonly<Record<number, Fault>> = {
  [Code.BareLineFeed]: {
    status: 400,
    reason: "A line ends with LF alone; it must be CRLF",
    reference: "RFC 9112 section 2.2",
  },
  [Code.BareCarriageReturn]: {
    status: 400,
    reason: "A CR is not followed by LF",
    reference: "RFC 9112 section 2.2",
  },
  [Code.ControlByte]: {
    status: 400,
    reason: "The head contains a control character",
    reference: "RFC 9110 section 5.5",
  },
  [Code.EmptyLines]: {
    status: 400,
    reason: "Too many empty lines before the request line",
    reference: "RFC 9112 section 2.2",
  },
  [Code.BadMethod]: {
    status: 400,
    reason: "The request does not start with a method",
    reference: "RFC 9112 section 3.1",
  },
  [Code.BadRequestLine]: {
    status: 400,
    reason: "The request line is malformed",
    reference: "RFC 9112 section 3",
  },
  [Code.BadTarget]: {
    status: 400,
    reason: "The request target is malformed",
    reference: "RFC 9112 section 3.2",
  },
  [Code.BadVersion]: {
    status: 400,
    reason: "The HTTP version is malformed",
    reference: "RFC 9112 section 2.3",
  },
  [Code.LineFolding]: {
    status: 400,
    reason: "A field is folded over several lines",
    reference: "RFC 9112 section 5.2",
  },
  [Code.WhiteSpaceBeforeFields]: {
    status: 400,
    reason: "There is white space before the first field",
    reference: "RFC 9112 section 2.2",
  },
  [Code.BadFieldName]: {
    status: 400,
    reason: "A field name is malformed",
    reference: "RFC 9110 section 5.1",
  },
  [Code.WhiteSpaceBeforeColon]: {
    status: 400,
    reason: "There is white space between a field name and its colon",
    reference: "RFC 9112 section 5.1",
  },
  [Code.NoColon]: {
    status: 400,
    reason: "A field line has no colon",
    reference: "RFC 9112 section 5",
  },
  [Code.BadContentLength]: {
    status: 400,
    reason: "Content-Length is not a number",
    reference: "RFC 9112 section 6.3",
  },
  [Code.RepeatedContentLength]: {
    status: 400,
    reason: "Content-Length is repeated",
    reference: "RFC 9112 section 6.3",
  },
  [Code.LengthAndTransferEncoding]: {
    status: 400,
    reason: "Content-Length and Transfer-Encoding exclude each other",
    reference: "RFC 9112 section 6.1",
  },
  [Code.BadTransferEncoding]: {
    status: 400,
    reason: "Transfer-Encoding is malformed",
    reference: "RFC 9112 section 6.1",
  },
  [Code.ChunkedNotFinal]: {
    status: 400,
    reason: "The final transfer coding must be chunked, once",
    reference: "RFC 9112 section 6.3",
  },
  [Code.TransferEncodingInHttp10]: {
    status: 400,
    reason: "HTTP/1.0 has no Transfer-Encoding",
    reference: "RFC 9112 section 6.1",
  },
  [Code.MissingHost]: {
    status: 400,
    reason: "The Host field is missing",
    reference: "RFC 9112 section 3.2",
  },
  [Code.RepeatedHost]: {
    status: 400,
    reason: "The Host field is repeated",
    reference: "RFC 9112 section 3.2",
  },
  [Code.BadHost]: {
    status: 400,
    reason: "The Host field is malformed",
    reference: "RFC 9112 section 3.2",
  },
  [Code.BadChunkSize]: {
    status: 400,
    reason: "A chunk size is malformed",
    reference: "RFC 9112 section 7.1",
  },
  [Code.BadChunkExtension]: {
    status: 400,
    reason: "A chunk extension is malformed",
    reference: "RFC 9112 section 7.1.1",
  },
  [Code.BadChunkEnd]: {
    status: 400,
    reason: "A chunk does not end with CRLF",
    reference: "RFC 9112 section 7.1",
  },
  [Code.BadTrailer]: {
    status: 400,
    reason: "A trailer field is malformed",
    reference: "RFC 9112 section 7.1.2",
  },
  [Code.RequestLineTooLong]: {
    status: 414,
    reason: "The request line is too long",
    reference: "RFC 9112 section 3",
  },
  [Code.HeaderTooLarge]: {
    status: 431,
    reason: "The header section is too large",
    reference: "RFC 9110 section 5.4",
  },
  [Code.TooManyFields]: {
    status: 431,
    reason: "There are too many header fields",
    reference: "RFC 9110 section 5.4",
  },
  [Code.ChunkExtensionTooLong]: {
    status: 431,
    reason: "The chunk extensions are too long",
    reference: "RFC 9112 section 7.1.1",
  },
  [Code.TrailerTooLarge]: {
    status: 431,
    reason: "The trailer section is too large",
    reference: "RFC 9110 section 5.4",
  },
  [Code.BodyTooLarge]: {
    status: 413,
    reason: "The content is too large",
    reference: "RFC 9110 section 15.5.14",
  },
  [Code.UnknownCoding]: {
    status: 501,
    reason: "This transfer coding is not implemented",
    reference: "RFC 9112 section 6.1",
  },
  [Code.UnsupportedVersion]: {
    status: 505,
    reason: "This server speaks HTTP/1.0 and HTTP/1.1",
    reference: "RFC 9110 section 15.6.6",
  },
  [Code.RequestTimeout]: {
    status: 408,
    reason: "The request did not arrive in time",
    reference: "RFC 9110 section 15.5.9",
  },
  [Code.Incomplete]: {
    status: 400,
    reason: "The request ends before it is complete",
    reference: "RFC 9112 section 8",
  },
  [Code.OutOfMemory]: {
    status: 503,
    reason: "The server has no memory left for this request",
    reference: "RFC 9110 section 15.6.4",
  },
  [Code.Busy]: {
    status: 503,
    reason: "The server is too busy for this request",
    reference: "RFC 9110 section 15.6.4",
  },
};

/** What a parser's `code` means. */
export function faultOf(code: Code): Fault {
  return FAULTS[code] ??
    { status: 400, reason: "The request is malformed", reference: "RFC 9112 section 3" };
}
