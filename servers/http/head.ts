/**
 * Response heads: status lines, dates, and the fields that every response carries.
 */

/** Reason phrases (RFC 9110 section 15). */
const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** The reason phrase of `status`; empty when it has none, which the grammar allows. */
export function reasonPhrase(status: number): string {
  return REASONS[status] ?? "";
}

/** Name and value of a response field. */
export type FieldLine = readonly [name: string, value: string];

/** What differs between the heads of two responses. */
export interface ResponseHead {
  status: number;
  fields: readonly FieldLine[];
  /**
   * Length of the content, which HEAD and 304 state without sending it; absent: no Content-Length.
   */
  contentLength?: number;
  /** Value of the Connection field; absent: no Connection field. */
  connection?: "close" | "keep-alive";
}

/** Makes heads; holds the current date. */
export class HeadWriter {
  #date = "";

  /** The current date. */
  get date(): string {
    return this.#date;
  }

  constructor() {
    this.setTime(Date.UTC(1970, 0));
  }

  /** Sets the time for Date, in ms since the epoch (IMF-fixdate, RFC 9110 section 5.6.7). */
  setTime(nowMs: number): void {
    this.#date = new Date(nowMs).toUTCString();
  }

  /** The head in text form, with the empty line that ends it. */
  write(head: ResponseHead): string {
    const { status, fields, contentLength, connection } = head;
    let text = `HTTP/1.1 ${status} ${
      reasonPhrase(status)
    }\r\nDate: ${this.#date}\r\nServer: ktcp\r\n`;
    if (connection !== undefined) text += `Connection: ${connection}\r\n`;
    for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
    if (contentLength !== undefined) text += `Content-Length: ${contentLength}\r\n`;
    return text + "\r\n";
  }
}
