/** A well-behaved HTTP client: it sends its requests, and judges every answer by the model. */
import { Wrong } from "../failure.ts";
import { Client, type ClientPlan, type ClientWorld } from "./client.ts";
import type { Exchange } from "./plan.ts";
import { type Request, requestOf } from "./requests.ts";
import { ResponseParser } from "./response_parser.ts";

/** A request that was sent. */
interface Outstanding {
  request: Request;
  sinceUs: number;
  hasContinue: boolean;
}

/** The client. */
export class HttpClient extends Client {
  readonly #exchanges: Exchange[];
  readonly #ending: "close" | "finish";
  readonly #outstanding: Outstanding[] = [];
  readonly #parser = new ResponseParser();
  /** The request that the server had received and begun to answer before it drained. */
  #owed: Outstanding | undefined;
  #next = 0;
  #isThinking = false;
  #hasFinished = false;
  /** The server has announced that it closes. */
  #awaitsEnd = false;

  constructor(plan: Extract<ClientPlan, { kind: "client" }>, world: ClientWorld) {
    super(plan, world);
    this.#exchanges = plan.exchanges;
    this.#ending = plan.ending;
  }

  protected connected(): void {
    this.#goOn();
  }

  /** Sends what may be sent now. */
  #goOn(): void {
    while (this.#next < this.#exchanges.length) {
      const exchange = this.#exchanges[this.#next];
      const last = this.#outstanding.at(-1);
      if (last !== undefined) {
        if (!exchange.isPipelined || last.request.awaitsContinue && !last.hasContinue) return;
      } else if (exchange.thinkUs > 0 && this.#next > 0) {
        if (this.#isThinking) return;
        this.#isThinking = true;
        return this.world.clock.in(exchange.thinkUs, () => {
          this.#isThinking = false;
          if (this.isDone || this.#awaitsEnd) return;
          this.#send(exchange);
          this.#goOn();
        });
      }
      this.#send(exchange);
    }
    if (this.#ending === "finish" && !this.#hasFinished) {
      const last = this.#outstanding.at(-1);
      if (last?.request.awaitsContinue && !last.hasContinue) return;
      this.#hasFinished = true;
      this.finish();
    }
  }

  #send(exchange: Exchange): void {
    const request = requestOf(exchange, this.id, this.world.settings.content);
    ++this.#next;
    this.#outstanding.push({ request, sinceUs: this.world.clock.nowUs, hasContinue: false });
    this.send(request.head);
    if (!request.awaitsContinue) this.send(request.body);
  }

  protected received(bytes: Uint8Array): void {
    try {
      this.#received(bytes);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      const which = this.#next - this.#outstanding.length;
      this.wrong(`answer ${which} (${this.#exchanges[which]?.kind}): ${error.message}`);
    }
  }

  #received(bytes: Uint8Array): void {
    this.#parser.push(bytes);
    for (;;) {
      const first = this.#outstanding[0];
      if (first === undefined || this.#awaitsEnd) {
        if (this.#parser.pending > 0) this.#unasked();
        break;
      }
      const response = this.#parser.next(first.request.isHead);
      if (response === undefined) break;
      this.world.trace.note(this.id, "got status", response.status);
      if (response.status === 100) {
        if (!first.request.awaitsContinue || first.hasContinue) throw new Wrong("an unasked 100");
        first.hasContinue = true;
        this.send(first.request.body);
        continue;
      }
      const isClosing = response.fields.get("connection") === "close";
      const { world } = this;
      const mayFail = response.status >= 500 && world.mayHaveFailed(first.sinceUs);
      if (isClosing !== first.request.closes && !(isClosing && (mayFail || world.isDraining))) {
        throw new Wrong(`status ${response.status} ${isClosing ? "closes" : "does not close"}`);
      }
      // After a final answer in place of 100, the content is not sent.
      first.request.check(response, { world, sinceUs: first.sinceUs });
      this.#outstanding.shift();
      this.#awaitsEnd = isClosing;
    }
    if (this.#awaitsEnd || this.isDone) return;
    this.#goOn();
    if (this.#outstanding.length === 0 && this.#next === this.#exchanges.length) {
      if (this.#ending === "close") this.leave();
    }
  }

  /** Bytes have come that answer no request. */
  #unasked(): void {
    throw new Wrong(`${this.#parser.pending} bytes that answer no request`);
  }

  protected override owed(): void {
    const first = this.#outstanding[0];
    if (first !== undefined && (!first.request.awaitsContinue || first.hasContinue)) {
      this.#owed = first;
    }
  }

  protected ended(isReset: boolean): void {
    const { world } = this;
    const owed = this.#owed;
    if (
      owed !== undefined && owed === this.#outstanding[0] && !isReset && this.isDrainedInTime &&
      !world.mayHaveFailed(owed.sinceUs)
    ) this.wrong("the server drained without an answer that was in progress");
    const sinceUs = this.#outstanding[0]?.sinceUs ?? world.clock.nowUs;
    const isComplete = this.#awaitsEnd ||
      this.#outstanding.length === 0 && this.#next === this.#exchanges.length;
    if (!world.isDraining && !world.mayHaveFailed(sinceUs)) {
      if (isReset) this.wrong("the connection was reset");
      if (!isComplete || this.#parser.pending > 0) {
        const rest = this.#exchanges.length - this.#next + this.#outstanding.length;
        this.wrong(`the server closed before ${rest} answers`);
      }
    }
    this.leave();
  }
}
