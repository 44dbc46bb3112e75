/**
 * Answers that are not appended to the output at once: their content comes in pieces or is large,
 * or they are still being made. They wait here until the driver of the connection calls `respond`.
 */
import type { Answer, Streamed } from "./resource.ts";
import { WholeContent } from "./content_sender.ts";

/** The waiting answers of one service, by connection. */
export class StreamedAnswers {
  readonly #maxAppendedBytes: number;
  readonly #answers = new Map<number, Answer | Promise<Answer>>();

  /** @param maxAppendedBytes content in memory up to this size is copied into the output */
  constructor(maxAppendedBytes: number) {
    this.#maxAppendedBytes = maxAppendedBytes;
  }

  /**
   * The stream for content that is not copied into the output: pieces, or many bytes; undefined for
   * any other content.
   */
  streamOf(content: Answer["content"]): Streamed | undefined {
    if (typeof content !== "object") return undefined;
    if (!(content instanceof Uint8Array)) return content;
    return content.length > this.#maxAppendedBytes ? new WholeContent(content) : undefined;
  }

  /** Keeps `answer` until it is taken. */
  hold(conn: number, answer: Answer | Promise<Answer>): void {
    this.#answers.set(conn, answer);
  }

  /** Returns and removes the answer held for `conn`. */
  take(conn: number): Answer | Promise<Answer> {
    const answer = this.#answers.get(conn)!;
    this.#answers.delete(conn);
    return answer;
  }

  /** Releases what an answer holds that was never sent because the peer disconnected. */
  async abandon(conn: number): Promise<void> {
    const answer = this.#answers.get(conn);
    if (answer === undefined) return;
    this.#answers.delete(conn);
    try {
      const { content } = await answer;
      this.streamOf(content)?.cancel();
    } catch {
      // The answer could not be made, so it holds nothing to release.
    }
  }
}
