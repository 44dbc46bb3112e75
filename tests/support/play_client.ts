/** The page of a playground as its host sees it: requests and events over real sockets. */
import { type HttpResponse, ResponseReader } from "../../bench/check/http/response_reader.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import type { Frame } from "../../play/protocol.ts";

/** A request of the page, or of somebody who pretends to be it. */
export interface Asking {
  method?: string;
  /** Without a query. */
  path: string;
  /** Sent as JSON, unless it is text. */
  body?: unknown;
  /** Fields instead of those that the page's browser sends; `undefined` leaves one out. */
  fields?: Record<string, string | undefined>;
  /** Instead of the page's; empty: no query. */
  token?: string;
}

/** Speaks with the host whose page is at `url`. */
export class PlayClient {
  readonly port: number;
  readonly token: string;
  readonly host: string;

  constructor(url: string) {
    const { port, host, searchParams } = new URL(url);
    this.port = Number(port);
    this.host = host;
    this.token = searchParams.get("token")!;
  }

  /** Sends a request on a connection of its own, and reads the answer. */
  async ask(asking: Asking): Promise<HttpResponse> {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    const reader = new ResponseReader([asking.method ?? "GET"]);
    await send(conn, this.#request(asking));
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const count = await conn.read(buffer);
      const [response] = count === null ? reader.end() : reader.push(buffer.subarray(0, count));
      if (response !== undefined) return response;
      if (count === null) throw new Error("No answer came");
    }
  }

  /** Asks, as JSON. @throws with the answer when it is not `status` */
  async json(asking: Asking, status = 200) {
    const response = await this.ask(asking);
    if (response.status !== status) throw new Error(`${response.status}: ${response.body}`);
    return response.body === "" ? undefined : JSON.parse(response.body);
  }

  #request({ method = "GET", path, body, fields = {}, token = this.token }: Asking): string {
    const content = body === undefined
      ? ""
      : typeof body === "string"
      ? body
      : JSON.stringify(body);
    const all: Record<string, string | undefined> = {
      Host: this.host,
      ...(method !== "GET" && { Origin: `http://${this.host}` }),
      ...(body !== undefined && {
        "Content-Type": "application/json",
        "Content-Length": `${content.length}`,
      }),
      ...fields,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    const query = token === "" ? "" : `?token=${token}`;
    return `${method} ${path}${query} HTTP/1.1\r\n${lines.join("")}\r\n${content}`;
  }

  /** Looks at the events, like a page that is open. */
  async look(): Promise<Onlooker> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    await send(conn, this.#request({ path: "/api/events" }));
    return new Onlooker(conn);
  }
}

async function send(conn: Deno.TcpConn, text: string): Promise<void> {
  for (let bytes = latin1Bytes(text); bytes.length > 0;) {
    bytes = bytes.subarray(await conn.write(bytes));
  }
}

/** An event of the stream. */
export interface PlayEvent {
  id: number;
  data: string;
}

/** An open stream of events. */
export class Onlooker implements Disposable {
  readonly #conn: Deno.TcpConn;
  #text = "";

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** The next event. @throws when the stream has ended */
  async next(): Promise<PlayEvent> {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      // Each event is a chunk of its own; the framing of chunks is the response reader's to judge.
      const match = /id: (\d+)\ndata: (.*)\n\n/.exec(this.#text);
      if (match !== null) {
        this.#text = this.#text.slice(match.index + match[0].length);
        return { id: Number(match[1]), data: match[2] };
      }
      const count = await this.#conn.read(buffer);
      if (count === null) throw new Error(`The stream has ended: ${this.#text}`);
      this.#text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
    }
  }

  /** The next frame for which `condition` holds. */
  async frame(condition: (frame: Frame) => boolean = () => true): Promise<Frame> {
    for (;;) {
      const frame: Frame = JSON.parse((await this.next()).data);
      if (condition(frame)) return frame;
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // It was closed by the test.
    }
  }
}
