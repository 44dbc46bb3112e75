/**
 * Lists of targets: a URL on each line, or the format of vegeta:
 *
 * ```
 * # comment
 * http://localhost:8081/
 *
 * POST http://localhost:8081/form
 * Content-Type: application/x-www-form-urlencoded
 * @body.txt
 * ```
 *
 * A line `METHOD URL` is followed by its fields, and by `@` and the file with its content. A blank
 * line, the file of the content, or the next line with a method ends it. Pure.
 */
import { type HttpUrl, parseHttpUrl } from "./target.ts";
import { type Header, parseHeader } from "./request.ts";

/** A target of the list. */
export interface ListedTarget {
  url: HttpUrl;
  /** Absent for a line that is only a URL. */
  method?: string;
  headers: Header[];
  /** The file with the content. */
  bodyFile?: string;
}

/** An error in a list, with its line. */
export class TargetListError extends SyntaxError {
  override name = "TargetListError";

  /** @param line from 1 */
  constructor(readonly line: number, message: string) {
    super(message);
  }
}

/** A method, as vegeta recognizes it, and the rest of the line. */
const METHOD_LINE = /^([A-Z]+)[ \t]+(.*)$/;

/** Reads a list of targets line by line. */
export class TargetListReader {
  #line = 0;
  /** The target whose fields are being read. */
  #open: ListedTarget | undefined;

  /**
   * Reads the next line. @returns the targets that are now complete
   *
   * @throws {TargetListError} when the line is invalid
   */
  take(text: string): ListedTarget[] {
    ++this.#line;
    const line = text.trim();
    if (line === "") return this.end();
    const [, method, url] = METHOD_LINE.exec(line) ?? [];
    if (method !== undefined) {
      const before = this.end();
      this.#open = { url: this.#url(url), method: this.#method(method), headers: [] };
      return before;
    }
    if (this.#open === undefined) return this.#plain(line);
    if (line.startsWith("@")) {
      if (line.length === 1) throw this.#error("'@' names no file; write '@body.txt'");
      this.#open.bodyFile = line.slice(1);
      return this.end();
    }
    if (/^https?:\/\//i.test(line)) {
      throw this.#error(`'${line}' stands among header fields; put a blank line before it`);
    }
    this.#open.headers.push(this.#attempt(() => parseHeader(line)));
    return [];
  }

  /** To be called at the end of the list. @returns the target that was still being read, if any */
  end(): ListedTarget[] {
    const ended = this.#open === undefined ? [] : [this.#open];
    this.#open = undefined;
    return ended;
  }

  /** Reads a line outside of a target with a method. */
  #plain(line: string): ListedTarget[] {
    if (line.startsWith("#")) return [];
    if (line.startsWith("@") || /^[\w-]+:[ \t]/.test(line)) {
      throw this.#error(`'${line}' belongs to no request; write it below a line 'METHOD URL'`);
    }
    return [{ url: this.#url(line), headers: [] }];
  }

  #url(text: string): HttpUrl {
    return this.#attempt(() => parseHttpUrl(text));
  }

  #method(method: string): string {
    if (method !== "CONNECT") return method;
    throw this.#error("CONNECT asks for a tunnel, not for content; write a method like GET");
  }

  #attempt<T>(parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw this.#error((error as Error).message);
    }
  }

  #error(message: string): TargetListError {
    return new TargetListError(this.#line, message);
  }
}
