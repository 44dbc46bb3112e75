/**
 * One logical client of an echo run: it connects, sends messages and compares what comes back.
 *
 * A latency ends when the read that completes the echo returns. It does not include generating,
 * comparing and closing. After the last message the client sends its FIN and reads until the
 * server's, because surplus bytes may still arrive.
 */
import { type EchoSlot, EchoVerdict } from "../../core/mod.ts";
import { formatAddress } from "../../system/address.ts";
import { clockUs } from "../load/clock.ts";
import type { LoadEngine } from "../load/engine.ts";
import type { ClientSocket, SocketEvents } from "../load/socket.ts";
import { closedKind, type FailureKind, failureKind } from "./errors.ts";
import type { EchoPlan } from "./plan.ts";
import type { EchoRecorder } from "./recorder.ts";

/** What the clients of one Worker have in common. */
export interface EchoRun {
  readonly plan: EchoPlan;
  readonly recorder: EchoRecorder;
  readonly engine: LoadEngine;
  /** Open loop: when message `sequence` of client `index` is due, on this thread's clock. */
  dueUs(index: number, sequence: number): number;
  /** Explains an echo that differs. */
  noteMismatch(text: string): void;
  /** Called when `client` has connected, or its round is over. */
  finished(client: EchoClient): void;
  /** Ends the run because this process or its machine, and not the server, cannot go on. */
  abort(reason: string): void;
}

/** How long the server may take to answer the FIN before the connection is closed anyway. */
const DRAIN_US = 200_000;

/** What a client waits for. */
const enum State {
  /** Nothing: there is no connection. */
  Idle,
  Connecting,
  /** The time of its next message. */
  Waiting,
  Echo,
  /** The server's FIN, after the last echo. */
  Fin,
}

/** A logical client. */
export class EchoClient implements SocketEvents {
  readonly index: number;
  readonly #slot: EchoSlot;
  readonly #run: EchoRun;
  #state = State.Idle;
  #socket: ClientSocket | null = null;
  #round = 0;
  /** The present message, or the next one. */
  #sequence = 0;
  /** When the present operation began, or was due to begin. */
  #startUs = 0;
  /** When the present operation counts as failed; `Infinity` when there is none. */
  #deadlineUs = Infinity;
  /** When the read that completed the echo returned; 0 before that. */
  #echoedUs = 0;
  /** What arrived while nothing was awaited: bytes, the end, or an error. */
  #early: Uint8Array[] = [];
  #earlyEnd: Error | "end" | null = null;

  constructor(index: number, slot: EchoSlot, run: EchoRun) {
    this.index = index;
    this.#slot = slot;
    this.#run = run;
  }

  /** Whether its connection is open. */
  get isConnected(): boolean {
    return this.#state === State.Waiting;
  }

  /** Whether there is a connection, whatever it is doing. */
  get isOpen(): boolean {
    return this.#socket?.isOpen ?? false;
  }

  /** How many messages of the round it has begun to send; null if it is to send no more. */
  get started(): number | null {
    if (this.#state === State.Waiting) return this.#sequence;
    return this.#state === State.Echo ? this.#sequence + 1 : null;
  }

  /**
   * Opens the connection of `round`; `finished` is called after that, whether it succeeds or not.
   */
  connect(round: number): void {
    const { plan, engine } = this.#run;
    this.#round = round;
    this.#sequence = 0;
    this.#early = [];
    this.#earlyEnd = null;
    this.#state = State.Connecting;
    this.#startUs = clockUs();
    this.#deadlineUs = this.#startUs + plan.timeoutMs * 1000;
    this.#socket = engine.open(plan.target, this.#slot.receiveView, this);
    if (this.#socket.isOpen) this.opened();
  }

  /**
   * Exchanges the messages of the round over the open connection, up to the first failure; then
   * calls `finished`.
   */
  exchange(): void {
    this.#await(0);
  }

  /** Ends the present operation if its time is up at `nowUs`. */
  expire(nowUs: number): void {
    if (nowUs < this.#deadlineUs) return;
    if (this.#state === State.Fin) this.#succeed();
    else this.#fail("timeout");
  }

  /** Closes the connection, whatever its state. */
  close(): void {
    this.#state = State.Idle;
    this.#deadlineUs = Infinity;
    this.#socket?.close();
    this.#socket = null;
  }

  // Events of the connection

  opened(): void {
    const connectUs = clockUs() - this.#startUs;
    this.#deadlineUs = Infinity;
    this.#state = State.Waiting;
    this.#run.recorder.connected(this.index, this.#round, connectUs);
    this.#run.finished(this);
  }

  received(count: number): void {
    const nowUs = clockUs();
    if (this.#isEchoing) this.#check(count, nowUs);
    else if (this.#state === State.Fin) this.#more();
    else if (this.#earlyBytes <= this.#slot.sizeBytes) {
      this.#early.push(this.#slot.receiveView.slice(0, count));
    }
  }

  sent(): void {
    if (this.#state !== State.Echo) return;
    if (this.#echoedUs !== 0) this.#echoed();
    else this.#send(this.#slot.nextPart());
  }

  ended(): void {
    if (this.#isEchoing) this.#fail(closedKind(this.#slot.checkedBytes));
    else this.#endedEarly("end");
  }

  failed(error: Error): void {
    if (this.#state === State.Connecting) this.#failBy(error, 0);
    else if (this.#isEchoing) this.#failBy(error, this.#slot.checkedBytes);
    else this.#endedEarly(error);
  }

  // The exchange

  /** Whether a message is under way whose echo is not complete. */
  get #isEchoing(): boolean {
    return this.#state === State.Echo && this.#echoedUs === 0;
  }

  /** Handles the end of a connection while no echo was awaited. */
  #endedEarly(why: Error | "end"): void {
    this.#earlyEnd = why;
    // After the last echo nothing follows. After any other echo, the pending write no longer
    // matters.
    if (this.#state === State.Fin) this.#succeed();
    else if (this.#state === State.Echo) this.#echoed();
  }

  /** Waits until message `sequence` may start. */
  #await(sequence: number): void {
    const { plan, engine } = this.#run;
    this.#sequence = sequence;
    this.#state = State.Waiting;
    if (plan.ratePerSecond !== null) {
      this.#startUs = this.#run.dueUs(this.index, sequence);
      engine.loop.at(this.#startUs, this.#begin);
    } else if (plan.thinkMs > 0 && sequence > 0) {
      engine.loop.at(clockUs() + plan.thinkMs * 1000, this.#begin);
    } else this.#begin();
  }

  readonly #begin = () => {
    if (this.#state !== State.Waiting) return;
    const { plan, recorder } = this.#run;
    recorder.started(this.#round);
    this.#slot.begin(this.index, this.#round, this.#sequence);
    const part = this.#slot.nextPart();
    const nowUs = clockUs();
    if (plan.ratePerSecond === null) this.#startUs = nowUs;
    this.#deadlineUs = nowUs + plan.timeoutMs * 1000;
    this.#echoedUs = 0;
    this.#state = State.Echo;
    if (this.#earlyEnd === null) this.#send(part);
    if (this.#early.length > 0 || this.#earlyEnd !== null) this.#takeEarly(nowUs);
  };

  /** Sends the rest of the message from `part` on, as far as there is room. */
  #send(part: Uint8Array): void {
    // A part has to stay in memory until it is sent.
    for (; part.length > 0; part = this.#slot.nextPart()) {
      this.#socket!.write(part);
      if (this.#socket!.isWriting) return;
    }
  }

  /** Handles bytes that arrived before the message was sent: they count as its echo. */
  #takeEarly(nowUs: number): void {
    for (const bytes of this.#early.splice(0)) {
      this.#slot.receiveView.set(bytes);
      this.#check(bytes.length, nowUs);
      if (!this.#isEchoing) return;
    }
    if (this.#earlyEnd === "end") this.ended();
    else if (this.#earlyEnd !== null) this.failed(this.#earlyEnd);
  }

  /** Compares the `count` bytes that were read at `nowUs`. */
  #check(count: number, nowUs: number): void {
    const isStart = this.#slot.checkedBytes === 0;
    const verdict = this.#slot.check(count);
    if (verdict === EchoVerdict.Mismatch) this.#differ(isStart ? count : 0);
    else if (verdict === EchoVerdict.Match) {
      this.#echoedUs = nowUs;
      this.#deadlineUs = Infinity;
      if (!this.#socket!.isWriting) this.#echoed();
    }
  }

  /** The echo is complete. */
  #echoed(): void {
    const { plan, recorder } = this.#run;
    if (this.#sequence === plan.messages - 1) return this.#drain();
    recorder.succeeded(this.index, this.#round, this.#sequence, this.#echoedUs - this.#startUs);
    this.#await(this.#sequence + 1);
  }

  /** Sends the FIN, and waits for the server's. */
  #drain(): void {
    this.#state = State.Fin;
    if (this.#early.length > 0) return this.#more();
    if (this.#earlyEnd !== null) return this.#succeed();
    this.#deadlineUs = clockUs() + DRAIN_US;
    this.#socket!.finish();
  }

  /** Handles bytes after the last echo. */
  #more(): void {
    // There is nothing left to compare them with: they are surplus.
    this.#slot.check(1);
    this.#differ(0);
  }

  /** Ends the round: the last echo was complete, and nothing followed it. */
  #succeed(): void {
    const { recorder } = this.#run;
    recorder.succeeded(this.index, this.#round, this.#sequence, this.#echoedUs - this.#startUs);
    this.#end();
  }

  /** Explains a mismatch; the receive view holds the first `count` bytes of the echo. */
  #differ(count: number): void {
    const slot = this.#slot;
    const found = count > 0 ? slot.identify(count) : null;
    const isOther = found !== null && (found.client !== this.index ||
      found.round !== this.#round >>> 0 || found.sequence !== this.#sequence);
    const what = isOther
      ? `message ${found.sequence} of client ${found.client}, round ${found.round} came instead`
      : slot.mismatchAt === slot.sizeBytes
      ? `more than the ${slot.sizeBytes} bytes sent came back`
      : `byte ${slot.mismatchAt} of ${slot.sizeBytes} differs`;
    this.#run.noteMismatch(
      `client ${this.index}, round ${this.#round}, message ${this.#sequence}: ${what}`,
    );
    this.#fail("mismatch");
  }

  /** Counts the failure `error`; ends the run if the server did not cause it. */
  #failBy(error: Error, receivedBytes: number): void {
    const kind = failureKind(error, receivedBytes);
    if (kind !== null) return this.#fail(kind);
    const target = formatAddress(this.#run.plan.target);
    const what = `Client ${this.index} cannot exchange messages with ${target}`;
    this.close();
    this.#run.abort(`${what}: ${error.message}`);
  }

  #fail(kind: FailureKind): void {
    this.#run.recorder.failed(this.index, this.#round, this.#sequence, kind);
    this.#end();
  }

  #end(): void {
    this.close();
    this.#run.finished(this);
  }

  get #earlyBytes(): number {
    return this.#early.reduce((sum, { length }) => sum + length, 0);
  }
}
