/**
 * Answers that are repeated without planning, for requests that agree in everything the planner
 * reads.
 */
import type { Answer, HttpRequest } from "../http/resource.ts";
import { Cache } from "./cache.ts";
import { isFresh } from "./freshness.ts";

/** Estimated overhead of an answer, in bytes, besides its content: key, fields, Map slots. */
const ANSWER_BYTES = 1024;

/** Answers whose content is in memory, each kept while it is fresh. */
export class AnswerMemo {
  readonly #answers: Cache<Answer>;

  /** @param capacityBytes bounds what the answers hold, their content included */
  constructor(capacityBytes: number) {
    this.#answers = new Cache(capacityBytes);
  }

  /** The key of requests that get the same answer; `undefined` when this one has to be planned. */
  keyOf(request: HttpRequest): string | undefined {
    if (request.method !== "GET" || request.hasDecisiveField) return undefined;
    const codings = request.field("accept-encoding");
    return codings === undefined ? request.target : `${request.target} ${codings}`;
  }

  /** The answer under `key`, if it is still fresh. */
  get(key: string, nowMs: number): Answer | undefined {
    const kept = this.#answers.get(key);
    return kept !== undefined && isFresh(kept.freshUntilMs!, nowMs) ? kept : undefined;
  }

  /** Keeps `answer` under `key`, if it may be repeated and its content is in memory. */
  set(key: string, answer: Answer): void {
    const { content, freshUntilMs = 0 } = answer;
    if (freshUntilMs === 0 || !(content instanceof Uint8Array)) return;
    this.#answers.set(key, answer, { bytes: ANSWER_BYTES + content.length });
  }
}
