/**
 * `--dir`: the files of a directory. `site.ts` plans the answer; this file turns content that a
 * plan does not have in memory into a stream.
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

/** How often a request is planned when its file keeps changing between plan and open. */
const MAX_PLANS = 5;

/** One attempt to answer a request. */
interface Attempt {
  nowMs: number;
  /** The memo's key for the answer; undefined when it may not be repeated. */
  key: string | undefined;
  /** How many plans were made, this one included. */
  tries: number;
}

/** Settings as callers give them; `options.ts` has the defaults. */
export type DirectoryOptions = Partial<StaticOptions> & Pick<StaticOptions, "root">;

/** What a directory's resource needs besides. */
export interface DirectoryParts {
  /**
   * Another thread has the sockets, and an instance of its own: content that is streamed is handed
   * over to it (`Streamed.detach`, `Resource.attach`).
   */
  handsOver?: boolean;
  /** Makes compressed copies on the fly, for the option `compress`. */
  compressor?: Compressor;
  /** Hashes large files. */
  tags?: ContentTags;
  /** Checks passwords, for the option `passwordRevision`. */
  judge?: PasswordJudge;
  /** Limit on the bytes of kept files: the resource's share of the option `cacheBytes`. */
  filesBytes: number;
  /** Limit on the bytes of kept answers. */
  memoBytes: number;
  /** Counts cache hits and misses. */
  figures?: RequestFigures;
  /** Takes whole lines about faults of the disk, each with its line feed; must not wait. */
  print: (lines: string) => void;
  /** Default: the system's. */
  around?: Surroundings;
}

/** Content whose first piece is read before the head is sent. */
interface Begun extends Streamed {
  /**
   * Gets the first piece.
   *
   * @returns whether the content is still what was planned
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
   * Begins streamed content before the head is sent, so that a failure can still get an error
   * answer.
   *
   * @returns `undefined` when the content is no longer what was planned
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

  /** @returns `undefined` when the plan's file has changed */
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

  /** The answer to a request that failed with a system error. @throws `error` when it is a bug */
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

/** Content that the thread with the sockets will stream: it opens the file itself. */
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
