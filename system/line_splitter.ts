/** Splits text that arrives in pieces into lines. */

/** Splits text into lines; it holds at most the last, incomplete one. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #maxChars: number;
  #pieces: string[] = [];
  #chars = 0;

  /**
   * @param onLine called with each complete line, without its end
   * @param maxChars longer lines are left out
   */
  constructor(onLine: (line: string) => void, maxChars: number) {
    this.#onLine = onLine;
    this.#maxChars = maxChars;
  }

  /** Adds the next piece of the text. */
  add(text: string): void {
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#keep(text.slice(start, end));
      start = end + 1;
      const line = this.#chars <= this.#maxChars ? this.#pieces.join("") : null;
      this.#pieces = [];
      this.#chars = 0;
      if (line !== null) this.#onLine(line);
    }
    this.#keep(text.slice(start));
  }

  #keep(piece: string): void {
    this.#chars += piece.length;
    if (this.#chars <= this.#maxChars) this.#pieces.push(piece);
    else this.#pieces = [];
  }
}
