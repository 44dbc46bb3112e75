/**
 * One Worker's server of model `per-core`, as the owner sees it.
 */
import type { Certificate } from "../../net/listen_options.ts";
import { zeroCounters } from "../../net/counters.ts";
import {
  queueWorkOn,
  sendToWork,
  Work,
  type WorkError,
  type Workqueue,
} from "../../workqueue/mod.ts";
import { ReportCell, type ServerReport } from "./report_cell.ts";
import type {
  CpuServerCommand,
  CpuServerData,
  CpuServerMessage,
  CpuServerResult,
} from "./messages.ts";

const NOTHING_DONE: CpuServerResult = {
  counters: zeroCounters(),
  connections: new Int32Array(0),
  costUs: 0,
  cut: 0,
};

/** The owner's side of a thread that its engine blocks. */
export interface LoopThread {
  /** It has been sent a message. */
  wake(): void;
  /** It is to look at what it shares. */
  ring(): void;
  /** It has crashed. */
  threadGone(): void;
}

/** An error of the system by its class, to be thrown on this side as it was on the other. */
function systemError(reason: string): Error {
  const match = /^(\w+): (.*)$/s.exec(reason);
  const errors = Deno.errors as unknown as Record<string, new (message: string) => Error>;
  const ErrorClass = match && errors[match[1]];
  return ErrorClass ? new ErrorClass(match[2]) : new Error(reason);
}

/** Who is told of a Worker's end. */
export interface CpuServerOptions {
  queue: Workqueue;
  loop?: LoopThread;
  /** It crashed, and is started again. */
  onCrash: (reason: string) => void;
  /** The sockets of these peers are to be closed. */
  onOverdue: (port: number, peers: Set<string>) => void;
  /** It could not be started again. */
  onFailed: (error: Error) => void;
}

/** A server's item on its CPU. */
export class CpuServer {
  readonly #data: CpuServerData;
  readonly #work: Work<CpuServerData, CpuServerResult>;
  readonly #options: CpuServerOptions;
  readonly #listening = Promise.withResolvers<string>();
  readonly #ended = Promise.withResolvers<CpuServerResult>();
  readonly #cell: ReportCell;
  /** What it answered last, and whether another answer may be there. */
  #lastReport: ServerReport = NOTHING_DONE;
  #isAsked = false;
  #renewed: PromiseWithResolvers<string | undefined> | undefined;
  #result: CpuServerResult | undefined;
  /** Whether it listened before, and whether it does now. */
  #wasUp = false;
  #isUp = false;
  #isStopping = false;

  constructor(data: CpuServerData, options: CpuServerOptions) {
    this.#data = data;
    this.#options = options;
    this.#cell = new ReportCell(data.report);
    this.#work = new Work("runServer", data, {
      onResult: (result) => this.#end(result),
      onError: (error) => this.#failed(error),
      onMessage: (message) => this.#receive(message as CpuServerMessage),
    });
  }

  /** Starts to listen. @returns the address @throws the system's error when it cannot be bound */
  start(): Promise<string> {
    queueWorkOn(this.#data.index, this.#options.queue, this.#work);
    return this.#listening.promise;
  }

  /** What it reported last; in the end what it counted. */
  get lastReport(): ServerReport {
    if (this.#isAsked && !this.#cell.isAsked) {
      this.#isAsked = false;
      this.#lastReport = this.#cell.read();
    }
    return this.#result ?? this.#lastReport;
  }

  /** Asks for a report that lists at most `maxConnections`; see `allAnswered`. */
  ask(maxConnections: number): void {
    if (!this.#isUp || this.#result !== undefined || this.#cell.isAsked) return;
    // It may have answered after the last look.
    void this.lastReport;
    this.#isAsked = true;
    this.#cell.ask(maxConnections);
    this.#options.loop?.ring();
  }

  /**
   * Uses another certificate; one that is started anew, too.
   *
   * @throws the system's error when it cannot
   */
  async renew(certificate: Certificate): Promise<void> {
    const { options } = this.#data;
    const before = options.listen;
    this.#data.options = { ...options, listen: { ...before, tls: certificate } };
    if (!this.#isUp) return;
    const renewed = this.#renewed = Promise.withResolvers<string | undefined>();
    this.#send({ kind: "renew", certificate });
    const failure = await renewed.promise;
    if (failure === undefined) return;
    this.#data.options = { ...options, listen: before };
    throw systemError(failure);
  }

  /** Drains. @returns what it counted */
  stop(graceMs: number): Promise<CpuServerResult> {
    this.#isStopping = true;
    if (!this.#send({ kind: "stop", graceMs })) this.#end(NOTHING_DONE);
    return this.#ended.promise;
  }

  #send(command: CpuServerCommand): boolean {
    const isSent = sendToWork(this.#work, command);
    if (isSent) this.#options.loop?.wake();
    return isSent;
  }

  #end(result: CpuServerResult): void {
    this.#result ??= result;
    this.#ended.resolve(this.#result);
    this.#forgetReport();
  }

  #receive(message: CpuServerMessage): void {
    if (message.kind === "overdue") return this.#options.onOverdue(message.port, message.peers);
    if (message.kind === "renewed") return this.#renewed?.resolve(message.failure);
    this.#wasUp = this.#isUp = true;
    this.#listening.resolve(message.address);
  }

  /** Nobody is there to answer. */
  #forgetReport(): void {
    this.#lastReport = NOTHING_DONE;
    this.#isAsked = false;
    this.#cell.forget();
  }

  #failed({ reason, crashed }: WorkError): void {
    const { queue, onCrash, onFailed } = this.#options;
    const wasListening = this.#isUp;
    this.#isUp = false;
    Atomics.store(this.#data.counts, this.#data.index, 0);
    this.#options.loop?.threadGone();
    this.#forgetReport();
    this.#renewed?.resolve(undefined);
    if (this.#isStopping || !this.#wasUp) {
      this.#listening.reject(systemError(reason));
      this.#end(NOTHING_DONE);
    } else if (crashed && wasListening) {
      onCrash(reason);
      queueWorkOn(this.#data.index, queue, this.#work);
    } else {
      this.#end(NOTHING_DONE);
      onFailed(systemError(reason));
    }
  }
}
