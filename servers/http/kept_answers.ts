/**
 * What the host remembers of answers that the core keeps and repeats by itself as long as they are
 * fresh. When one is stale, the next request reaches the host. If the content is unchanged, the
 * kept response is renewed without copying it.
 */
import { type Core, Field, Method } from "../../core/mod.ts";
import type { Answer } from "./resource.ts";

/** What is remembered of a kept answer. */
interface Remembered {
  /** Identifies the response in the core. */
  serial: number;
  /** Compared by identity with the content of later answers. */
  content: Uint8Array;
}

/** Most answers to remember; when it is exceeded, all are forgotten. */
const MAX_REMEMBERED = 10_000;

/** The kept answers of one service. */
export class KeptAnswers {
  readonly #core: Core;
  readonly #remembered = new Map<string, Remembered>();

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Keeps `answer`, made for the current request of `conn`, if it may be repeated to similar
   * requests.
   *
   * @param writeHead makes the head that it is repeated with
   */
  offer(conn: number, answer: Answer, writeHead: (length: number) => string): void {
    const { content, freshUntilMs = 0, status } = answer;
    if (freshUntilMs === 0 || status !== 200 || !(content instanceof Uint8Array)) return;
    const core = this.#core;
    if (core.method(conn) !== Method.Get || !core.isPlain(conn)) return;
    const target = core.target(conn);
    // A client can make up any number of queries, so their answers are not kept.
    if (target.includes("?")) return;
    const key = `${target}\n${core.field(conn, Field.AcceptEncoding) ?? ""}`;
    const before = this.#remembered.get(key);
    if (before?.content === content && core.renew(conn, before.serial, freshUntilMs >>> 0)) return;
    const head = writeHead(content.length);
    const serial = core.keep(conn, { head, content, freshUntilMs: freshUntilMs >>> 0 });
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    if (serial === 0) this.#remembered.delete(key);
    else this.#remembered.set(key, { serial, content });
  }
}
