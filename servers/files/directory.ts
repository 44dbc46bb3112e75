/**
 * `--dir`: the files of a directory. What to answer is planned by `site.ts`; here what a plan does
 * not have in memory becomes a stream.
 */
import { FaultLog } from "./fault_log.ts";
import type {
  Answer,
  Attached,
  DetachedContent,
  HttpRequest,
  Resource,
  Streamed,
} from "../http/resource.ts";
import { CacheResult, type RequestFigures } from "../http/request_figures.ts";
import { challenge } from "./auth.ts";
import { type Surroundings, SYSTEM } from "./disk.ts";
import type { Compressor } from "./compress.ts";
import type { ContentTags } from "./content_tags.ts";
import { diskError } from "./disk_error.ts";
import { FileStream } from "./file_stream.ts";
import { type PasswordJudge, Passwords } from "./passwords.ts";
import { type StaticOptions, staticOptions } from "./options.ts";
import type { Plan, PlannedContent } from "./plan.ts";
import { ALLOW, failure } from "./respond.ts";
import { Site } from "./site.ts";
import { AnswerMemo } from "./answer_memo.ts";

/** A file that keeps changing between plan and open is planned anew so often, then given up. */
const MAX_PLANS = 5;

/** One way from a request to its answer. */
interface Attempt {
  nowMs: number;
  /** Where an answer that may be repeated is kept. */
  key: string | undefined;
  /** How many plans were made, this one included. */
  tries: number;
}

/** Settings as they come from outside; `options.ts` has the defaults. */
export type DirectoryOptions = Partial<StaticOptions> & Pick<StaticOptions, "root">;

/** What a directory's resource needs besides. */
export interface DirectoryParts {
  /**
   * Another thread has the sockets, and an instance of its own: content that is streamed is handed
   * over to it (`Streamed.detach`, `Resource.attach`).
   */
  handsOver?: boolean;
  /** Makes copies on the fly, for the option `compress`. */
  compressor?: Compressor;
  /** Hashes large files. */
  tags?: ContentTags;
  /** Judges passwords, for the option `passwordRevision`. */
  judge?: PasswordJudge;
  /** Most bytes of files that are kept: the resource's share of the option `cacheBytes`. */
  filesBytes: number;
  /** Most bytes of answers that are kept. */
  memoBytes: number;
  /** Counts answers that were kept, and those that were not. */
  figures?: RequestFigures;
  /** Takes whole lines about faults of the disk, each with its line feed; must not wait. */
  print: (lines: string) => void;
  /** Default: the system's. */
  around?: Surroundings;
}

/** Content that is begun before the head is sent. */
interface Begun extends Streamed {
  /**
   * Gets the first piece.
   *
   * @returns whether it is still what was planned
   * @throws the system's error
   */
  begin(): Promise<boolean>;
}

/** The resource for a directory. */
export class DirectoryResource implements Resource {
  readonly allow = ALLOW;
  readonly keepsContent = false;
  readonly #options: StaticOptions;
  readonly #handsOver: boolean;
  readonly #site: Site;
  readonly #memo: AnswerMemo;
  readonly #faults: FaultLog;
  readonly #around: Surroundings;
  readonly #passwords: Passwords | undefined;
  readonly #figures: RequestFigures | undefined;

  /** @throws a system error when the root is not a directory that can be read */
  constructor(
    options: DirectoryOptions,
    {
      handsOver = false,
      compressor,
      tags,
      judge,
      filesBytes,
      memoBytes,
      print,
      figures,
      around = SYSTEM,
    }: DirectoryParts,
  ) {
    this.#options = staticOptions(options);
    const { passwordRevision } = this.#options;
    this.#passwords = judge && passwordRevision &&
      new Passwords(judge, passwordRevision, around.clock);
    this.#handsOver = handsOver;
    this.#figures = figures;
    this.#memo = new AnswerMemo(memoBytes);
    const note = (line: string) => print(line + "\n");
    this.#site = new Site({ ...this.#options, cacheBytes: filesBytes }, {
      compressor,
      tags,
      note,
      around,
    });
    this.#around = around;
    this.#faults = new FaultLog(print, { clock: around.clock });
  }

  guard(request: HttpRequest): Answer | undefined | Promise<Answer | undefined> {
    return challenge(request, this.#options, this.#passwords);
  }

  refuse(request: HttpRequest, status: number, reason: string): Answer {
    return failure(request, status, { settings: this.#options, detail: reason });
  }

  answer(request: HttpRequest): Answer | Promise<Answer> {
    const nowMs = this.#around.clock.epochMs();
    const key = this.#memo.keyOf(request);
    const kept = key === undefined ? undefined : this.#memo.get(key, nowMs);
    if (key !== undefined) {
      this.#figures?.looked(kept === undefined ? CacheResult.Miss : CacheResult.Memo);
    }
    if (kept !== undefined) return kept;
    try {
      const answer = this.#attempt(request, { nowMs, key, tries: 1 });
      return answer instanceof Promise
        ? answer.catch((error) => this.#failed(request, error))
        : answer;
    } catch (error) {
      return this.#failed(request, error);
    }
  }

  attach(
    content: DetachedContent,
    request: HttpRequest,
  ): Attached | Promise<Attached> {
    const planned = content as PlannedContent;
    try {
      const refusal = planned.kind === "listing"
        ? this.#site.refuseListing(request, planned.path)
        : undefined;
      if (refusal !== undefined) return refusal;
      const stream = this.#open(request, planned);
      return stream && this.#begin(stream, planned).catch((error) => this.#failed(request, error));
    } catch (error) {
      return this.#failed(request, error);
    }
  }

  #attempt(request: HttpRequest, attempt: Attempt): Answer | Promise<Answer> {
    if (attempt.tries > MAX_PLANS) {
      return failure(request, 503, { settings: this.#options });
    }
    const plan = this.#site.plan(request, attempt.nowMs);
    return plan instanceof Promise
      ? plan.then((ready) => this.#carryOut(request, ready, attempt))
      : this.#carryOut(request, plan, attempt);
  }

  #carryOut(request: HttpRequest, plan: Plan, attempt: Attempt): Answer | Promise<Answer> {
    const { content } = plan;
    if (content === undefined || content instanceof Uint8Array) {
      const answer = { ...plan, content };
      if (attempt.key !== undefined) this.#memo.set(attempt.key, answer);
      return answer;
    }
    if (this.#handsOver) return { ...plan, content: new HandedOverContent(content) };
    const again = { ...attempt, tries: attempt.tries + 1 };
    const stream = this.#open(request, content);
    if (stream === undefined) return this.#attempt(request, again);
    return this.#begin(stream, content).then((begun) =>
      begun === undefined ? this.#attempt(request, again) : { ...plan, content: begun }
    );
  }

  /**
   * Content that is streamed is begun before the head: what fails then is still a whole answer.
   *
   * @returns `undefined` when it is no longer what was planned
   */
  async #begin(stream: Begun, { path }: { path: string }): Promise<Streamed | undefined> {
    try {
      if (await stream.begin()) return stream;
      this.#site.forget(path);
    } catch (error) {
      stream.cancel();
      throw error;
    }
    stream.cancel();
    return undefined;
  }

  /** @returns `undefined` when the plan's file is another one by now */
  #open(request: HttpRequest, planned: PlannedContent): Begun | undefined {
    if (planned.kind === "listing") return this.#site.listing(planned);
    const file = this.#site.open(planned);
    if (file === undefined) return undefined;
    const { target } = request;
    return new FileStream(file, planned, (error) => {
      const judged = diskError(error);
      if (judged === undefined) throw error;
      this.#report(target, judged.name, "cut the answer off");
    });
  }

  /** The answer to a request that the system lets fail. @throws `error` when it is a bug */
  #failed(request: HttpRequest, error: unknown): Answer {
    const judged = diskError(error);
    if (judged === undefined) throw error;
    const { status, name } = judged;
    if (status >= 500) this.#report(request.target, name, `answered ${status}`);
    return failure(request, status, { settings: this.#options });
  }

  #report(target: string, name: string, outcome: string): void {
    const hint = name === "EMFILE" ? " (out of file descriptors: raise 'ulimit -n')" : "";
    this.#faults.report(name, `ktcp http: cannot read ${target}: ${name}${hint}; ${outcome}`);
  }
}

/** Content that the thread with the sockets streams: descriptors belong to their thread. */
class HandedOverContent implements Streamed {
  readonly #planned: PlannedContent;

  constructor(planned: PlannedContent) {
    this.#planned = planned;
  }

  send(): Promise<boolean> {
    return Promise.reject(new Error("Content was not handed over"));
  }

  detach(): PlannedContent {
    return this.#planned;
  }

  cancel(): void {}
}
