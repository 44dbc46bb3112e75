/**
 * The HTTP/1.x service: framing, persistence, pipelining, expectations and errors (RFC 9112,
 * RFC 9110). The answers come from a `Resource`.
 *
 * Requests are answered in order. The answers of a pipelined batch gather in the output and leave
 * in one write; only streamed content interrupts it.
 */
import { Code, type Core, CoreMemoryError, Event, faultOf, Flag, Method } from "../../core/mod.ts";
import type { AccessLog } from "./access_log.ts";
import {
  type Answer,
  type HttpRequest,
  type Resource,
  type Streamed,
  TEXT_FIELDS,
  textAnswer,
} from "./resource.ts";
import { Effect, type Handed, Phase, type Sender, type Service } from "../net/service.ts";
import { type HandedAnswer, portableAnswer, receivedAnswer } from "./handed_answer.ts";
import { HeadWriter } from "./head.ts";
import { CurrentRequest, describeRequest, noteRequestStart, takeTiming } from "./request.ts";
import type { RequestFigures } from "./request_figures.ts";
import { ContentSender } from "./content_sender.ts";
import { KeptAnswers } from "./kept_answers.ts";
import { ReceivedContent } from "./received_content.ts";
import { StreamedAnswers } from "./streamed_answers.ts";

const encoder = new TextEncoder();
const CONTINUE = encoder.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** How often a request is answered again because its file changed before it was sent. */
const MAX_RETRIES = 5;

/** Settings of an HTTP service besides its resource. */
export interface HttpServiceDetails {
  log?: AccessLog;
  /** Counts requests. */
  figures?: RequestFigures;
  /**
   * Other threads use the same core memory. No response is kept there then, as another thread might
   * send it while it is being replaced.
   */
  isPooled?: boolean;
  /** This instance sets the canned response for all of those threads. */
  setsCanned?: boolean;
  /** Called with whole lines about bugs; must not block. Default: stderr. */
  print?: (lines: string) => void;
}

/** HTTP over a resource. */
export class HttpService implements Service {
  readonly #core: Core;
  readonly #resource: Resource;
  readonly #log: AccessLog | undefined;
  readonly #figures: RequestFigures | undefined;
  /** Whether requests are timed, for the log or the figures. */
  readonly #isTimed: boolean;
  readonly #print: (lines: string) => void;
  readonly #canned: Answer | undefined;
  readonly #kept: KeptAnswers | undefined;
  readonly #head = new HeadWriter();
  /** Peers by connection. */
  readonly #peers = new Map<number, string>();
  /** Answers held between `Effect.Respond` and the call of `respond`. */
  readonly #streamed: StreamedAnswers;
  readonly #received = new ReceivedContent();
  #second = -1;
  #draining = false;

  constructor(core: Core, resource: Resource, options: HttpServiceDetails = {}) {
    this.#core = core;
    this.#resource = resource;
    this.#log = options.log;
    this.#figures = options.figures;
    this.#isTimed = options.log !== undefined || options.figures !== undefined;
    this.#print = options.print ?? ((lines) => console.error(lines.trimEnd()));
    // Up to half a block is copied into the output; copying more costs more than a second write.
    this.#streamed = new StreamedAnswers(core.blockCapacity / 2);
    // What the core answers by itself is not logged.
    const mayRepeat = !options.isPooled && options.log === undefined;
    const maySetCanned = mayRepeat || options.setsCanned && options.log === undefined;
    this.#canned = maySetCanned ? resource.canned : undefined;
    this.#kept = mayRepeat ? new KeptAnswers(core) : undefined;
  }

  opened(conn: number, peer: string): void {
    this.#peers.set(conn, peer);
  }

  closed(conn: number): void {
    this.#peers.delete(conn);
    this.#streamed.abandon(conn);
    this.#received.drop(conn);
    // Ticks end with the last connection.
    if (this.#peers.size === 0) this.#log?.flush();
  }

  receive(conn: number): Effect {
    try {
      return this.#receive(conn);
    } catch (error) {
      return this.#failWithoutMemory(conn, error);
    }
  }

  #receive(conn: number): Effect {
    const core = this.#core;
    for (;;) {
      let effect = Effect.Read;
      switch (this.#figures === undefined ? core.answerPlain(conn) : this.#answerCounted(conn)) {
        case Event.NeedMore:
          return Effect.Read;
        case Event.Flush:
          return Effect.Flush;
        case Event.Error:
          return this.#fail(conn, core.code(conn));
        case Event.Head:
          if (this.#isTimed) noteRequestStart(core, conn);
          effect = (core.flags(conn) & Flag.HasBody) !== 0
            ? this.#awaitContent(conn)
            : this.#answer(conn);
          break;
        case Event.Body:
          if (this.#resource.keepsContent) core.spoolPiece(conn);
          if (this.#resource.readsContent) {
            this.#received.add(conn, core.view(core.pieceStart(conn), core.pieceLength(conn)));
          }
          break;
        case Event.End:
          effect = this.#answer(conn);
          break;
      }
      if (effect !== Effect.Read) return effect;
    }
  }

  /** Like `answerPlain` of the core, and counts what the core answers. */
  #answerCounted(conn: number): Event {
    const core = this.#core;
    const served = core.served(conn);
    const heads = core.servedHeads(conn);
    const event = core.answerPlain(conn);
    const count = core.served(conn) - served;
    if (count > 0) {
      const isKept = this.#resource.canned === undefined;
      this.#figures!.repeated(count, core.servedHeads(conn) - heads, isKept);
    }
    return event;
  }

  finish(conn: number): Effect {
    if (!this.#core.isInMessage(conn)) return Effect.Close;
    return this.#fail(conn, Code.Incomplete);
  }

  hasMessage(conn: number): boolean {
    return this.#core.peek(conn) !== Event.NeedMore;
  }

  phase(conn: number): Phase {
    if (!this.#core.isInMessage(conn)) return Phase.Idle;
    return this.#core.isInContent(conn) ? Phase.Content : Phase.Head;
  }

  expire(conn: number): Effect {
    return this.#fail(conn, Code.RequestTimeout);
  }

  refuse(conn: number): Effect {
    const core = this.#core;
    // Parses the head, so that the log names the refused request.
    if (!core.isInMessage(conn)) {
      const event = core.next(conn);
      if (event === Event.Error) return this.#fail(conn, core.code(conn));
      if (event === Event.Head && this.#isTimed) noteRequestStart(core, conn);
    }
    core.setCode(conn, Code.Busy);
    return this.#fail(conn, Code.Busy);
  }

  /** The answer that is held for `conn`, as soon as it is made. */
  async #taken(conn: number): Promise<Answer> {
    try {
      return await this.#streamed.take(conn);
    } catch (error) {
      return this.#faultAnswer(conn, error);
    }
  }

  /** The answer when a resource throws, which is a bug: it is reported, and the client gets 500. */
  #faultAnswer(conn: number, error: unknown): Answer {
    if (error instanceof CoreMemoryError) throw error;
    this.#print(`ktcp: internal error: ${error} (please report this)\n`);
    return this.#refuse(conn, 500, "The server failed to make an answer");
  }

  /** An error answer to the request on `conn`, with the reason. */
  #refuse(conn: number, status: number, reason: string): Answer {
    return this.#resource.refuse?.(this.#requestOn(conn), status, reason) ??
      textAnswer(status, reason);
  }

  async respond(conn: number, sender: Sender): Promise<Effect> {
    const answer = await this.#taken(conn);
    const content = this.#streamed.streamOf(answer.content);
    try {
      if (content !== undefined) return await this.#stream(conn, answer, { content, sender });
      const effect = this.#append(conn, answer);
      return effect === Effect.Read ? Effect.Flush : effect;
    } catch (error) {
      return this.#failWithoutMemory(conn, error);
    }
  }

  async handOver(conn: number): Promise<Effect | Handed> {
    const answer = await this.#taken(conn);
    const content = this.#streamed.streamOf(answer.content);
    try {
      if (content !== undefined && this.#core.method(conn) === Method.Head) {
        return await this.#stream(conn, answer, { content });
      }
      if (content !== undefined) return await portableAnswer(answer, { core: this.#core, conn });
      const effect = this.#append(conn, answer);
      return effect === Effect.Read ? Effect.Flush : effect;
    } catch (error) {
      return this.#failWithoutMemory(conn, error);
    }
  }

  takeOver(conn: number, handed: Handed): boolean | Promise<boolean> {
    const answer = receivedAnswer(handed as HandedAnswer, {
      core: this.#core,
      conn,
      resource: this.#resource,
      request: this.#requestOn(conn),
    });
    const hold = (answer: Answer | undefined) => {
      if (answer !== undefined) this.#streamed.hold(conn, answer);
      return answer !== undefined;
    };
    return answer instanceof Promise ? answer.then(hold) : hold(answer);
  }

  retry(conn: number, tries: number): Effect {
    try {
      if (tries <= MAX_RETRIES) return this.#answer(conn);
      return this.#append(conn, this.#refuse(conn, 503, "The file keeps changing"));
    } catch (error) {
      return this.#failWithoutMemory(conn, error);
    }
  }

  tick(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    this.#log?.flush();
    if (second !== this.#second) this.#head.setTime(nowMs);
    if (this.#kept !== undefined) {
      this.#core.setTime({ nowMs: nowMs >>> 0, second: second >>> 0, date: this.#head.date });
    }
    if (second === this.#second) return;
    this.#second = second;
    const canned = this.#canned;
    if (canned === undefined || this.#draining) return;
    const content = canned.content as Uint8Array;
    const head = encoder.encode(this.#head.write({ ...canned, contentLength: content.length }));
    const response = new Uint8Array(head.length + content.length);
    response.set(head);
    response.set(content, head.length);
    this.#core.setCanned(response, head.length);
  }

  flushLog(): void {
    this.#log?.flush();
  }

  drain(): void {
    this.#draining = true;
    if (this.#canned !== undefined) this.#core.setCanned(new Uint8Array(0), 0);
    if (this.#kept !== undefined) this.#core.forgetKept();
  }

  /**
   * The head of a request with content is complete. A client that waits for permission to send the
   * content gets 100; if the request is refused by its head alone, it gets the refusal at once (RFC
   * 9110 section 10.1.1). So does any client whose content would be collected for the resource.
   */
  #awaitContent(conn: number): Effect {
    const core = this.#core;
    const flags = core.flags(conn);
    const isHeldBack = (flags & Flag.Expect100) !== 0 && core.pending(conn) === 0;
    const isJudged = isHeldBack || (flags & Flag.ExpectOther) !== 0 || this.#resource.readsContent;
    if (!isJudged) return Effect.Read;
    const challenge = this.#challenge(conn);
    // A check that takes long is made again when the content has arrived.
    const refusal = challenge instanceof Promise
      ? this.#unfit(conn)
      : challenge ?? this.#unfit(conn);
    if (refusal === undefined) {
      if (isHeldBack) core.sendBytes(conn, CONTINUE);
      return Effect.Read;
    }
    // The content may still arrive; after closing, it cannot be mistaken for the next request.
    this.#append(conn, refusal, { close: true });
    return Effect.Linger;
  }

  /** The guard's refusal of the request on `conn`, if any. It comes before all other checks. */
  #challenge(conn: number): Answer | undefined | Promise<Answer | undefined> {
    return this.#resource.guard?.(this.#requestOn(conn));
  }

  /**
   * The answer to a request on `conn` that does not reach the resource: unknown expectations and
   * methods, and the target `*`.
   *
   * @returns `undefined` when the resource is to answer
   */
  #unfit(conn: number): Answer | undefined {
    const method = this.#core.method(conn);
    const flags = this.#core.flags(conn);
    if ((flags & Flag.ExpectOther) !== 0) {
      return this.#refuse(conn, 417, "This expectation is not known");
    }
    if (method === Method.Unknown || method === Method.Connect) {
      return this.#refuse(conn, 501, "This method is not implemented");
    }
    if ((flags & Flag.AsteriskForm) === 0) return undefined;
    if (method === Method.Options) {
      return { status: 204, fields: [["Allow", this.#resource.allow]], content: undefined };
    }
    return this.#refuse(conn, 400, "The target * is for OPTIONS");
  }

  #requestOn(conn: number): HttpRequest {
    return new CurrentRequest(this.#core, conn);
  }

  /**
   * Answers the complete request on `conn`. @returns `Effect.Read` to continue with the next one
   */
  #answer(conn: number): Effect {
    const content = this.#received.take(conn);
    const challenge = this.#challenge(conn);
    if (challenge instanceof Promise) {
      const answer = challenge.then((refusal) =>
        refusal ?? this.#unfit(conn) ?? this.#resource.answer(this.#requestOn(conn), content)
      );
      this.#streamed.hold(conn, answer);
      return Effect.Respond;
    }
    const refusal = challenge ?? this.#unfit(conn);
    if (refusal !== undefined) {
      if (refusal.status !== 400) return this.#append(conn, refusal);
      // A client that sent a malformed request is not trusted to frame the next one.
      this.#append(conn, refusal, { close: true });
      return Effect.Linger;
    }
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.#resource.answer(this.#requestOn(conn), content);
    } catch (error) {
      answer = this.#faultAnswer(conn, error);
    }
    if (answer instanceof Promise || this.#streamed.streamOf(answer.content) !== undefined) {
      this.#streamed.hold(conn, answer);
      return Effect.Respond;
    }
    const effect = this.#append(conn, answer);
    if (effect === Effect.Read) this.#offer(conn, answer);
    return effect;
  }

  /** Offers `answer` to the core, to repeat it if allowed. */
  #offer(conn: number, answer: Answer): void {
    this.#kept?.offer(
      conn,
      answer,
      (length) => this.#head.write({ ...answer, contentLength: length }),
    );
  }

  /** Appends a whole answer to the output. @returns `Effect.Read` when the connection stays open */
  #append(conn: number, answer: Answer, { close = false } = {}): Effect {
    const core = this.#core;
    const { content } = answer;
    const isKeptAlive = !close && this.#staysOpen(conn);
    let length = answer.length;
    if (content === "request") length = core.contentLength(conn);
    else if (content instanceof Uint8Array) length = content.length;
    const isSent = core.method(conn) !== Method.Head;
    const head = this.#headOf(conn, answer, { isKeptAlive, length });
    if (isSent && content instanceof Uint8Array) core.sendText(conn, head, content);
    else core.sendText(conn, head);
    this.#record(conn, answer.status, isSent && length !== undefined ? length : 0);
    if (isSent && content === "request") core.releaseSpool(conn);
    else if (this.#resource.keepsContent) core.dropSpool(conn);
    return this.#end(conn, isKeptAlive);
  }

  /** Sends an answer whose content comes in pieces; HEAD needs no `sender`. */
  async #stream(
    conn: number,
    answer: Answer,
    { content, sender }: { content: Streamed; sender?: Sender },
  ): Promise<Effect> {
    const length = answer.content instanceof Uint8Array ? answer.content.length : answer.length;
    const isChunked = length === undefined && this.#core.minor(conn) > 0;
    // In HTTP/1.0, content of unknown length ends with the connection.
    const isKeptAlive = this.#staysOpen(conn) && (length !== undefined || isChunked);
    const isHead = this.#core.method(conn) === Method.Head;
    const body = isHead ? undefined : new ContentSender(sender!, { isChunked });
    try {
      this.#core.sendText(conn, this.#headOf(conn, answer, { isKeptAlive, length, isChunked }));
    } catch (error) {
      content.cancel();
      throw error;
    }
    try {
      const isWhole = body === undefined || await body.send(content);
      // The head has announced more content: only closing shows the client that some is missing.
      if (!isWhole) return Effect.Close;
    } catch (error) {
      if (!(error instanceof CoreMemoryError)) throw error;
      this.#core.setCode(conn, Code.OutOfMemory);
      return Effect.Close;
    } finally {
      content.cancel();
      this.#record(conn, answer.status, body?.bytes ?? 0);
    }
    const effect = this.#end(conn, isKeptAlive);
    if (effect !== Effect.Read) return effect;
    this.#offer(conn, answer);
    return Effect.Flush;
  }

  #headOf(
    conn: number,
    { status, fields }: Answer,
    options: { isKeptAlive: boolean; length?: number; isChunked?: boolean },
  ): string {
    const { isKeptAlive, length, isChunked } = options;
    const keepAlive = this.#core.minor(conn) === 0 ? "keep-alive" : undefined;
    return this.#head.write({
      status,
      fields: isChunked ? [...fields, ["Transfer-Encoding", "chunked"]] : fields,
      contentLength: status === 204 || status === 304 ? undefined : length,
      connection: isKeptAlive ? keepAlive : "close",
    });
  }

  #staysOpen(conn: number): boolean {
    return !this.#draining && (this.#core.flags(conn) & Flag.KeepAlive) !== 0;
  }

  #end(conn: number, isKeptAlive: boolean): Effect {
    this.#core.countServed(conn);
    // The peer may still be sending, even if nothing has arrived yet (RFC 9112 section 9.6).
    return isKeptAlive ? Effect.Read : Effect.Linger;
  }

  #record(conn: number, status: number, bodyBytes: number): void {
    if (!this.#isTimed) return;
    const core = this.#core;
    const timing = takeTiming(core, conn);
    const method = timing.isWhole ? core.method(conn) : Method.Unknown;
    this.#figures?.answered(method, status, timing.durationUs);
    if (this.#log === undefined) return;
    const peer = this.#peers.get(conn) ?? "";
    this.#log.write({ ...describeRequest(core, conn, timing), peer, status, bodyBytes });
  }

  /**
   * Refuses the request whose answer ran out of memory. @throws `error` if it is a different error
   */
  #failWithoutMemory(conn: number, error: unknown): Effect {
    if (!(error instanceof CoreMemoryError)) throw error;
    this.#core.setCode(conn, Code.OutOfMemory);
    return this.#fail(conn, Code.OutOfMemory);
  }

  /**
   * Answers a fault, after which no more requests are read (RFC 9112 section 9.6). This needs no
   * memory: the connection's block has room for one final message.
   */
  #fail(conn: number, code: Code): Effect {
    const core = this.#core;
    const { status, reason } = faultOf(code);
    const content = reason + "\n";
    const head = this.#head.write({
      status,
      fields: TEXT_FIELDS,
      contentLength: content.length,
      connection: "close",
    });
    core.sendFinal(conn, core.method(conn) === Method.Head ? head : head + content);
    if (this.#resource.keepsContent) core.dropSpool(conn);
    this.#received.drop(conn);
    this.#figures?.refused(code);
    this.#record(conn, status, content.length);
    core.countServed(conn);
    return Effect.Linger;
  }
}
