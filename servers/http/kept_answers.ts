/**
 * What the host remembers of answers that the core keeps and repeats by itself as long as they are
 * fresh. When one is stale, the next request comes to the host. If the content is still the same,
 * the kept response is renewed without a copy.
 */
import { type Core, Field, Method } from "../../core/mod.ts";
import type { Answer } from "./resource.ts";

/** What is remembered of a kept answer. */
interface Remembered {
  /** Names the response in the core. */
  serial: number;
  /** Identity tells whether a later answer has the same content. */
  content: Uint8Array;
}

/** The most targets to remember; beyond it all are forgotten. */
const MAX_REMEMBERED = 10_000;

/** The kept answers of one service. */
export class KeptAnswers {
  readonly #core: Core;
  readonly #remembered = new Map<string, Remembered>();

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Keeps `answer`, made for the current request of `conn`, if requests like it may get it again.
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
