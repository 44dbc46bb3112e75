/** The servers of simulated load clients: they do what the plan says, and note their answers. */
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import {
  AGAIN,
  type End,
  type EndEvents,
  RESET,
} from "../../../servers/net/engines/simulated/network.ts";
import type { EchoAnswer, HttpAnswer, LoadEvent } from "./plan.ts";

const encoder = new TextEncoder();

/** Between the bytes of a slow answer, in µs. */
const SLOW_US = 300;

/** One end of a server's connection. */
abstract class ServedEnd implements EndEvents {
  protected readonly end: End;
  protected readonly clock: SimulatedClock;
  readonly #input = new Uint8Array(4096);
  readonly #output: Uint8Array[] = [];
  #finishes = false;

  constructor(end: End, clock: SimulatedClock) {
    this.end = end;
    this.clock = clock;
    end.events = this;
  }

  protected abstract received(bytes: Uint8Array): void;

  protected send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#output.push(bytes);
    this.writable();
  }

  /** Sends a FIN after the output. */
  protected finish(): void {
    this.#finishes = true;
    this.writable();
  }

  writable(): void {
    while (this.#output.length > 0) {
      const count = this.end.write(this.#output[0]);
      if (count === AGAIN) return;
      if (count === RESET) return void (this.#output.length = 0);
      if (count === this.#output[0].length) this.#output.shift();
      else this.#output[0] = this.#output[0].subarray(count);
    }
    if (this.#finishes) this.end.finish();
  }

  readable(): void {
    for (;;) {
      if (this.end.isClosed) return;
      const count = this.end.read(this.#input);
      if (count === AGAIN) return;
      if (count > 0) this.received(this.#input.subarray(0, count));
      else {
        if (count === 0) this.finish();
        return;
      }
    }
  }
}

/** Where answers come from, and where they are noted. */
export interface Answering {
  next(): LoadEvent | undefined;
  note(answer: HttpAnswer | EchoAnswer): void;
}

/** An HTTP server's connection. */
export class HttpServerEnd extends ServedEnd {
  readonly #answering: Answering;
  /** The part of the next head that has arrived. */
  #tail = "";
  #hasEnded = false;

  constructor(end: End, clock: SimulatedClock, answering: Answering) {
    super(end, clock);
    this.#answering = answering;
  }

  protected received(bytes: Uint8Array): void {
    this.#tail += String.fromCharCode(...bytes);
    for (;;) {
      const at = this.#tail.indexOf("\r\n\r\n");
      if (at < 0 || this.#hasEnded) return;
      const isHttp10 = this.#tail.slice(0, at).includes("HTTP/1.0");
      this.#tail = this.#tail.slice(at + 4);
      const event = this.#answering.next() ?? { answer: "whole", at: 0, size: 10 };
      this.#answering.note(event.answer);
      this.#answer(event.answer as HttpAnswer, event.size, isHttp10);
    }
  }

  #answer(answer: HttpAnswer, size: number, isHttp10: boolean): void {
    const body = "x".repeat(size);
    const whole = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${body}`;
    const say = (text: string) => this.send(encoder.encode(text));
    const end = () => {
      this.#hasEnded = true;
      this.finish();
    };
    switch (answer) {
      case "whole":
        say(whole);
        break;
      case "chunked":
        if (isHttp10) say(whole);
        else {
          const chunk = size > 0 ? `${size.toString(16)}\r\n${body}\r\n` : "";
          say(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`);
        }
        break;
      case "informational":
        say(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${whole}`);
        break;
      case "not found":
        say(`HTTP/1.1 404 Not Found\r\nContent-Length: ${size}\r\n\r\n${body}`);
        break;
      case "no content":
        say("HTTP/1.1 204 No Content\r\n\r\n");
        break;
      case "slow":
        return this.#dribble(encoder.encode(whole.slice(0, 60)), () => say(whole.slice(60)));
      case "closing":
        say(whole.replace("OK", "OK\r\nConnection: close"));
        return end();
      case "until close":
        say(`HTTP/1.1 200 OK\r\n\r\n${body}`);
        return end();
      case "truncated":
        say(`HTTP/1.1 200 OK\r\nContent-Length: ${size + 1}\r\n\r\n${body}`);
        return end();
      case "closes":
        return end();
      case "resets":
        this.#hasEnded = true;
        return this.end.reset();
      case "resets within":
        say(`HTTP/1.1 200 OK\r\nContent-Length: ${size + 1}\r\n\r\n${body}`);
        this.#hasEnded = true;
        return this.end.reset();
      case "garbage":
        say("HTTP/1.1 20x OK\r\n\r\n");
        break;
      case "silent":
        this.#hasEnded = true;
        return;
      case "leaves":
        // It does not announce that it closes: the next request may be on its way.
        say(whole);
        return end();
    }
    if (isHttp10) end();
  }

  #dribble(bytes: Uint8Array, then: () => void): void {
    let at = 0;
    const next = () => {
      if (this.end.isClosed || this.end.isReset) return;
      if (at === bytes.length) return then();
      this.send(bytes.subarray(at, ++at));
      this.clock.in(SLOW_US, next);
    };
    next();
  }
}

/** An echo server's connection. */
export class EchoServerEnd extends ServedEnd {
  readonly #event: LoadEvent;
  readonly #sizeBytes: number;
  #received = 0;
  /** The first byte of the message that is not echoed. */
  #first = new Uint8Array(0);
  #hasEnded = false;

  constructor(
    end: End,
    clock: SimulatedClock,
    { event, sizeBytes }: { event: LoadEvent; sizeBytes: number },
  ) {
    super(end, clock);
    this.#event = event;
    this.#sizeBytes = sizeBytes;
  }

  protected received(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    const answer = this.#event.answer as EchoAnswer;
    // The end of the message that gets something other than its echo.
    const badEnd = (this.#event.at + 1) * this.#sizeBytes;
    const before = this.#received;
    this.#received += bytes.length;
    const firstAt = badEnd - this.#sizeBytes - before;
    if (firstAt >= 0 && firstAt < bytes.length) this.#first = bytes.slice(firstAt, firstAt + 1);
    if (answer === "echoes" || this.#received < badEnd) {
      // Nothing of the bad message is echoed before it is complete.
      const good = answer === "echoes"
        ? bytes.length
        : Math.max(0, Math.min(bytes.length, badEnd - this.#sizeBytes - before));
      return this.send(bytes.slice(0, good));
    }
    this.#hasEnded = true;
    switch (answer) {
      case "closes":
        return this.finish();
      case "resets":
        return this.end.reset();
      case "short":
        this.send(this.#first);
        return this.finish();
      case "differs":
        return this.send(new Uint8Array(this.#sizeBytes).fill(1));
      case "silent":
        return;
    }
  }
}
