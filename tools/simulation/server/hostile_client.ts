/**
 * A client that breaks the rules. What it receives is judged all the same: complete responses, of which
 * the last may be cut off, and nothing that belongs to another client.
 */
import { BAD_REQUESTS } from "./bad_requests.ts";
import { Client, type ClientPlan, type ClientWorld } from "./client.ts";
import { echoByte, echoBytes } from "./echo_client.ts";
import { FILES, type HostileStep } from "./plan.ts";
import { contentOf } from "./requests.ts";
import { type Response, ResponseParser } from "./response_parser.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** Time between two bytes of a dribble, in µs. */
const DRIBBLE_US = 400_000;

/** The client. */
export class HostileClient extends Client {
  readonly #steps: HostileStep[];
  /** How many of the files it asks for: without those that take too many events. */
  readonly #files: number;
  readonly #parser = new ResponseParser();
  /** Of the echo service. */
  #sent = 0;
  #received = 0;

  constructor(plan: Extract<ClientPlan, { kind: "hostile" }>, world: ClientWorld) {
    super(plan, world);
    this.#steps = [...plan.steps];
    const { pieceBytes, windowBytes } = plan.network;
    const mostBytes = Math.min(pieceBytes, windowBytes, plan.readBytes, world.settings.mostBytes);
    this.#files = mostBytes < 1000 ? 2 : 4;
  }

  protected override refused(): void {
    this.isDone = true;
  }

  protected connected(): void {
    this.#goOn();
  }

  #goOn(): void {
    for (;;) {
      const step = this.#steps.shift();
      if (step === undefined || this.end.isClosed) {
        this.isDone = true;
        return;
      }
      this.world.trace.note(this.id, step.do);
      switch (step.do) {
        case "wait":
          return this.world.clock.in(step.ms * 1000, () => this.#goOn());
        case "send":
          if (step.what === "dribble") return this.#dribble(step.size);
          this.#send(step);
          break;
        case "stop reading":
          this.isReading = false;
          break;
        case "read":
          this.isReading = true;
          if (this.end.isReadable) this.readable();
          break;
        case "finish":
          this.finish();
          break;
        case "reset":
          this.end.reset();
          break;
        case "close":
          this.end.close();
          break;
      }
    }
  }

  #send({ what, size }: Extract<HostileStep, { do: "send" }>): void {
    if (this.world.settings.content === "echo") {
      this.send(echoBytes(this.id, this.#sent, size));
      this.#sent += size;
      return;
    }
    const request = this.#request(size);
    if (what === "request") this.send(request);
    else if (what === "part") this.send(request.subarray(0, 1 + size % request.length));
    else if (what === "flood") { for (let i = 0; i < 40; ++i) this.send(request); }
    else if (what === "bad") {
      const [text] = BAD_REQUESTS[size % BAD_REQUESTS.length];
      this.send(Uint8Array.from(text, (char) => char.charCodeAt(0)));
    } else this.send(Uint8Array.from({ length: size }, () => this.random.below(256)));
  }

  /** A request, byte by byte. */
  #dribble(size: number): void {
    const bytes = this.world.settings.content === "echo"
      ? echoBytes(this.id, this.#sent, size)
      : this.#request(size).subarray(0, size);
    this.#sent += size;
    let at = 0;
    const next = () => {
      if (at === bytes.length || this.end.isClosed) return this.#goOn();
      this.send(bytes.subarray(at, ++at));
      this.world.clock.in(DRIBBLE_US, next);
    };
    next();
  }

  #request(size: number): Uint8Array {
    const { content } = this.world.settings;
    const head = (line: string, more = "") =>
      encoder.encode(`${line} HTTP/1.1\r\nHost: a\r\n${more}\r\n`);
    if (content === "files") return head(`GET /${FILES[size % this.#files][0]}`);
    if (content === "hello") return head("GET /");
    const start = head("POST /", `Content-Length: ${size}\r\n`);
    const bytes = new Uint8Array(start.length + size);
    bytes.set(start);
    bytes.set(contentOf(this.id, size), start.length);
    return bytes;
  }

  protected received(bytes: Uint8Array): void {
    if (this.world.settings.content === "echo") {
      for (let i = 0; i < bytes.length; ++i) {
        if (bytes[i] === echoByte(this.id, this.#received + i)) continue;
        this.wrong(`byte ${this.#received + i} of the echo differs`);
      }
      this.#received += bytes.length;
      if (this.#received > this.#sent) this.wrong("more came back than was sent");
      return;
    }
    this.#parser.push(bytes);
    for (;;) {
      let response: Response | undefined;
      try {
        response = this.#parser.next(false);
      } catch (error) {
        this.wrong((error as Error).message);
      }
      if (response === undefined) return;
      this.world.trace.note(this.id, "got status", response.status);
      if (response.status === 200) this.#checkBody(response.body);
    }
  }

  #checkBody(body: Uint8Array): void {
    const { disk, settings: { content } } = this.world;
    if (content === "hello") {
      if (body.length !== 13) this.wrong("the content is not Hello World!");
    } else if (content === "content") {
      // Its requests may be mixed up, but it never sends the number of another client.
      for (const [, name] of decoder.decode(body).matchAll(/(\d{7})\|/g)) {
        if (Number(name) !== this.id) this.wrong(`the content is that of client ${Number(name)}`);
      }
    } else {
      const isKnown = disk.names.some((name) =>
        disk.versions(name).some(({ bytes }) =>
          bytes?.length === body.length && bytes.every((byte, i) => byte === body[i])
        )
      );
      if (!isKnown) this.wrong(`${body.length} bytes of content that no file ever had`);
    }
  }

  protected ended(): void {
    // It keeps its end open until its steps are over.
  }
}
