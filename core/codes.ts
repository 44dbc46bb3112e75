/**
 * What each fault means to the peer: the status to answer, and the reason in words.
 */
import { Code } from "./shared/abi.ts";

/** A status code (RFC 9110 section 15) and the sentence that explains it in the error's body. */
export interface Fault {
  /** 400 to 599. */
  status: number;
  /** What is wrong with the request. */
  reason: string;
}

const FAULTS: Readonly<Record<number, Fault>> = {
  [Code.BareLineFeed]: { status: 400, reason: "A line ends with LF alone; it must be CRLF" },
  [Code.BareCarriageReturn]: { status: 400, reason: "A CR is not followed by LF" },
  [Code.ControlByte]: { status: 400, reason: "The head contains a control character" },
  [Code.EmptyLines]: { status: 400, reason: "Too many empty lines before the request line" },
  [Code.BadMethod]: { status: 400, reason: "The request does not start with a method" },
  [Code.BadRequestLine]: { status: 400, reason: "The request line is malformed" },
  [Code.BadTarget]: { status: 400, reason: "The request target is malformed" },
  [Code.BadVersion]: { status: 400, reason: "The HTTP version is malformed" },
  [Code.LineFolding]: { status: 400, reason: "A field is folded over several lines" },
  [Code.WhiteSpaceBeforeFields]: {
    status: 400,
    reason: "There is white space before the first field",
  },
  [Code.BadFieldName]: { status: 400, reason: "A field name is malformed" },
  [Code.WhiteSpaceBeforeColon]: {
    status: 400,
    reason: "There is white space between a field name and its colon",
  },
  [Code.NoColon]: { status: 400, reason: "A field line has no colon" },
  [Code.BadContentLength]: { status: 400, reason: "Content-Length is not a number" },
  [Code.RepeatedContentLength]: { status: 400, reason: "Content-Length is repeated" },
  [Code.LengthAndTransferEncoding]: {
    status: 400,
    reason: "Content-Length and Transfer-Encoding exclude each other",
  },
  [Code.BadTransferEncoding]: { status: 400, reason: "Transfer-Encoding is malformed" },
  [Code.ChunkedNotFinal]: {
    status: 400,
    reason: "The final transfer coding must be chunked, once",
  },
  [Code.TransferEncodingInHttp10]: {
    status: 400,
    reason: "HTTP/1.0 has no Transfer-Encoding",
  },
  [Code.MissingHost]: { status: 400, reason: "The Host field is missing" },
  [Code.RepeatedHost]: { status: 400, reason: "The Host field is repeated" },
  [Code.BadHost]: { status: 400, reason: "The Host field is malformed" },
  [Code.BadChunkSize]: { status: 400, reason: "A chunk size is malformed" },
  [Code.BadChunkExtension]: { status: 400, reason: "A chunk extension is malformed" },
  [Code.BadChunkEnd]: { status: 400, reason: "A chunk does not end with CRLF" },
  [Code.BadTrailer]: { status: 400, reason: "A trailer field is malformed" },
  [Code.RequestLineTooLong]: { status: 414, reason: "The request line is too long" },
  [Code.HeaderTooLarge]: { status: 431, reason: "The header section is too large" },
  [Code.TooManyFields]: { status: 431, reason: "There are too many header fields" },
  [Code.ChunkExtensionTooLong]: { status: 431, reason: "The chunk extensions are too long" },
  [Code.TrailerTooLarge]: { status: 431, reason: "The trailer section is too large" },
  [Code.BodyTooLarge]: { status: 413, reason: "The content is too large" },
  [Code.UnknownCoding]: { status: 501, reason: "This transfer coding is not implemented" },
  [Code.UnsupportedVersion]: { status: 505, reason: "This server speaks HTTP/1.0 and HTTP/1.1" },
  [Code.RequestTimeout]: { status: 408, reason: "The request did not arrive in time" },
  [Code.Incomplete]: { status: 400, reason: "The request ends before it is complete" },
  [Code.OutOfMemory]: { status: 503, reason: "The server has no memory left for this request" },
  [Code.Busy]: { status: 503, reason: "The server is too busy for this request" },
};

/** The status and reason for a parser's `code`. */
export function faultOf(code: Code): Fault {
  return FAULTS[code] ?? { status: 400, reason: "The request is malformed" };
}
