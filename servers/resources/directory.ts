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
import type { OpenFile } from "../static/files.ts";
import { type StaticOptions, staticOptions } from "../static/options.ts";
import type { Body, Plan } from "../static/plan.ts";
import { ALLOW, unauthorized } from "../static/respond.ts";
import { Site } from "../static/site.ts";
import { AnswerMemo } from "./answer_memo.ts";
import { HeldListing } from "./held_listing.ts";
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

  /** @throws a system error when the root is not a directory that can be read */
  constructor(options: DirectoryOptions) {
    this.#options = staticOptions(options);
    const { cacheBytes } = this.#options;
    this.#memo = new AnswerMemo(cacheBytes * MEMO_SHARE);
    this.#site = new Site({ ...this.#options, cacheBytes: cacheBytes * SITE_SHARE });
  }

  guard(request: HttpRequest): Answer | undefined {
    if (mayPass(request, this.#options)) return undefined;
    return this.#answer(unauthorized(request, this.#options));
  }

  answer(request: HttpRequest): Answer | Promise<Answer> {
    const nowMs = Date.now();
    const key = this.#memo.keyOf(request);
    const kept = key === undefined ? undefined : this.#memo.get(key, nowMs);
    if (kept !== undefined) return kept;
    for (let tries = 0; tries < MAX_PLANS; ++tries) {
      const plan = this.#site.plan(request, nowMs);
      if (plan instanceof Promise) {
        return plan.then((ready) => this.#answer(ready) ?? this.answer(request));
      }
      const answer = this.#answer(plan);
      if (answer === undefined) continue;
      if (key !== undefined && plan.freshUntilMs > nowMs && answer.content instanceof Uint8Array) {
        this.#memo.set(key, { ...answer, content: answer.content }, plan.freshUntilMs);
      }
      return answer;
    }
    return { status: 503, fields: [], content: undefined, length: 0 };
  }

  attach(content: DetachedContent): Streamed | Answer | undefined {
    const body = content as FileBody | DetachedListing;
    if (body.kind === "pieces") {
      return HeldListing.hold(body.pieces) ?? textAnswer(503, "Too many listings are being sent");
    }
    const file = this.#site.open(body);
    return file && new FileStream(file, body);
  }

  /** @returns `undefined` when the plan's file is another one by now */
  #answer(plan: Plan): Answer | undefined {
    const { body } = plan;
    switch (body.kind) {
      case "none":
        return withContent(plan, undefined);
      case "bytes":
        return withContent(plan, body.bytes);
      case "listing":
        return withContent(plan, new ListingStream(this.#site, body));
      case "file":
      case "multipart": {
        const file = this.#site.open(body);
        return file && withContent(plan, new FileStream(file, body));
      }
    }
  }
}

function withContent(plan: Plan, content: Answer["content"]): Answer {
  const { status, fields, length, freshUntilMs } = plan;
  return { status, fields, content, length, freshUntilMs };
}

/** What is sent of a file. */
type FileBody = Extract<Body, { kind: "file" | "multipart" }>;

/** A listing that was written on another thread. */
interface DetachedListing {
  kind: "pieces";
  pieces: Uint8Array<SharedArrayBuffer>[];
}

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
  readonly #site: Site;
  readonly #body: Extract<Body, { kind: "listing" }>;

  constructor(site: Site, body: Extract<Body, { kind: "listing" }>) {
    this.#site = site;
    this.#body = body;
  }

  async send(sender: Sender): Promise<boolean> {
    for await (const piece of this.#site.listing(this.#body)) await sender.write(piece);
    return true;
  }

  cancel(): void {}

  /** All of it: what is listed is kept by this thread, which shall not wait for the peer. */
  async detach(): Promise<DetachedListing> {
    const pieces: Uint8Array<SharedArrayBuffer>[] = [];
    for await (const piece of this.#site.listing(this.#body)) {
      const shared = new Uint8Array(new SharedArrayBuffer(piece.length));
      shared.set(piece);
      pieces.push(shared);
    }
    return { kind: "pieces", pieces };
  }
}
