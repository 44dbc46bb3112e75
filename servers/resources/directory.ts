/**
 * `--dir`: the files of a directory. What to answer is planned by `static/`; here plans become
 * answers, and files become streams.
 */
import {
  type Answer,
  type DetachedContent,
  type HttpRequest,
  type Resource,
  type Streamed,
  textAnswer,
} from "../resource.ts";
import type { Sender } from "../service.ts";
import { mayPass } from "../static/auth.ts";
import { isGone, type OpenFile } from "../static/files.ts";
import type { ListingContent } from "../static/listing_content.ts";
import { type StaticOptions, staticOptions } from "../static/options.ts";
import type { Body, Plan } from "../static/plan.ts";
import { ALLOW, unauthorized } from "../static/respond.ts";
import { LISTINGS_RETRY_AFTER, Site } from "../static/site.ts";
import { AnswerMemo } from "./answer_memo.ts";
import { giveBuffer, takeBuffer } from "./stream_buffers.ts";

/** Parts of the cache's memory: half is the core's; the content of whole answers is mostly a file's. */
const SITE_SHARE = 3 / 8;
const MEMO_SHARE = 1 / 8;

/** A file that keeps changing between plan and open is planned anew so often, then given up. */
const MAX_PLANS = 5;

/** Settings as they come from outside; `static/options.ts` has the defaults. */
export type DirectoryOptions = Partial<StaticOptions> & Pick<StaticOptions, "root">;

/** The resource for a directory. */
export class DirectoryResource implements Resource {
  readonly allow = ALLOW;
  readonly keepsContent = false;
  readonly #options: StaticOptions;
  readonly #site: Site;
  readonly #memo: AnswerMemo;
  readonly #handsOver: boolean;

  /**
   * @param handsOver another thread has the sockets, and an instance of its own that attaches what
   *   is detached here
   * @throws a system error when the root is not a directory that can be read
   */
  constructor(options: DirectoryOptions, { handsOver = false } = {}) {
    this.#options = staticOptions(options);
    const { cacheBytes } = this.#options;
    this.#memo = new AnswerMemo(cacheBytes * MEMO_SHARE);
    this.#site = new Site({ ...this.#options, cacheBytes: cacheBytes * SITE_SHARE });
    this.#handsOver = handsOver;
  }

  guard(request: HttpRequest): Answer | undefined {
    if (mayPass(request, this.#options)) return undefined;
    const plan = unauthorized(request, this.#options);
    return withContent(plan, plan.body.kind === "bytes" ? plan.body.bytes : undefined);
  }

  answer(request: HttpRequest): Answer | Promise<Answer> {
    return this.#planned(request, MAX_PLANS);
  }

  /** @param tries plans that may be made before the server gives up */
  #planned(request: HttpRequest, tries: number): Answer | Promise<Answer> {
    const nowMs = Date.now();
    const key = this.#memo.keyOf(request);
    const kept = key === undefined ? undefined : this.#memo.get(key, nowMs);
    if (kept !== undefined) return kept;
    for (; tries > 0; --tries) {
      const plan = this.#site.plan(request, nowMs);
      const answer = plan instanceof Promise
        ? plan.then((ready) => this.#answer(ready))
        : this.#answer(plan);
      if (answer instanceof Promise) {
        return answer.then((ready) => ready ?? this.#planned(request, tries - 1));
      }
      if (answer === undefined) continue;
      const { freshUntilMs = 0, content } = answer;
      if (key !== undefined && freshUntilMs > nowMs && content instanceof Uint8Array) {
        this.#memo.set(key, { ...answer, content }, freshUntilMs);
      }
      return answer;
    }
    return { status: 503, fields: [], content: undefined, length: 0 };
  }

  attach(
    content: DetachedContent,
  ): Streamed | Answer | undefined | Promise<Streamed | undefined> {
    const body = content as FileBody | ListingBody;
    if (body.kind === "listing") {
      if (this.#site.hasRoomFor(body)) return this.#begin(body);
      return textAnswer(503, "too many directories are being listed", [LISTINGS_RETRY_AFTER]);
    }
    const file = this.#site.open(body);
    return file && new FileStream(file, body);
  }

  /** @returns `undefined` when the plan's file or directory is another one by now */
  #answer(plan: Plan): Answer | undefined | Promise<Answer | undefined> {
    const { body } = plan;
    switch (body.kind) {
      case "none":
        return withContent(plan, undefined);
      case "bytes":
        return withContent(plan, body.bytes);
      case "listing":
        if (this.#handsOver) return withContent(plan, new ListingToHandOver(body));
        return this.#begin(body).then((content) => content && withContent(plan, content));
      case "file":
      case "multipart": {
        const file = this.#site.open(body);
        return file && withContent(plan, new FileStream(file, body));
      }
    }
  }

  /** Waits a while, so that a directory that cannot be read gets the status that says so. */
  async #begin(body: ListingBody): Promise<Streamed | undefined> {
    const content = this.#site.listing(body);
    try {
      await content.wait();
    } catch (error) {
      content.close();
      if (isGone(error)) return undefined;
      throw error;
    }
    return new ListingStream(content);
  }
}

function withContent(plan: Plan, content: Answer["content"]): Answer {
  const { status, fields, length, freshUntilMs } = plan;
  return { status, fields, content, length, freshUntilMs };
}

/** What is sent of a file. */
type FileBody = Extract<Body, { kind: "file" | "multipart" }>;

/** What is sent of a directory. */
type ListingBody = Extract<Body, { kind: "listing" }>;

/** A file, or ranges of it, read as fast as the peer takes it. */
class FileStream implements Streamed {
  readonly #file: OpenFile;
  readonly #body: FileBody;

  constructor(file: OpenFile, body: FileBody) {
    this.#file = file;
    this.#body = body;
  }

  async send(sender: Sender): Promise<boolean> {
    const body = this.#body;
    if (body.kind === "file") return await this.#sendRange(sender, body);
    for (const part of body.parts) {
      if (part.kind === "bytes") await sender.write(part.bytes);
      else if (!(await this.#sendRange(sender, part))) return false;
    }
    return true;
  }

  cancel(): void {
    this.#file.close();
  }

  /** Descriptors belong to their thread: another one opens the file again, if it is the same. */
  detach(): FileBody {
    return this.#body;
  }

  /** @returns false when the file ends before the range does: it was truncated */
  async #sendRange(
    sender: Sender,
    { offset, length }: { offset: number; length: number },
  ): Promise<boolean> {
    const buffer = takeBuffer();
    try {
      const end = offset + length;
      while (offset < end) {
        const room = end - offset < buffer.length ? buffer.subarray(0, end - offset) : buffer;
        const count = await this.#file.read(room, offset);
        if (count === 0) return false;
        await sender.write(count < buffer.length ? buffer.subarray(0, count) : buffer);
        offset += count;
      }
      return true;
    } finally {
      giveBuffer(buffer);
    }
  }
}

/** The page that lists a directory, made while it is sent. */
class ListingStream implements Streamed {
  readonly #content: ListingContent;

  constructor(content: ListingContent) {
    this.#content = content;
  }

  async send(sender: Sender): Promise<boolean> {
    const pieces = this.#content.pieces();
    for (;;) {
      let piece;
      try {
        piece = await pieces.next();
      } catch (error) {
        if (isGone(error)) return false;
        throw error;
      }
      if (piece.done) return true;
      await sender.write(piece.value);
    }
  }

  cancel(): void {
    this.#content.close();
  }
}

/** A listing that the thread with the sockets makes, once for all who ask for it there. */
class ListingToHandOver implements Streamed {
  readonly #body: ListingBody;

  constructor(body: ListingBody) {
    this.#body = body;
  }

  send(): Promise<boolean> {
    return Promise.reject(new Error("A listing was not handed over"));
  }

  detach(): ListingBody {
    return this.#body;
  }

  cancel(): void {
  }
}
