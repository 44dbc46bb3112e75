/**
 * The pages that watch: each has a stream of server-sent events, on which it gets every frame that it
 * has time for. A page that does not read gets the newest frame when it reads again; those in between
 * are dropped, so that nothing piles up here.
 */
import type { Answer, Sender, Streamed } from "../../servers/mod.ts";

/** How long a page that lost its stream waits before it asks again, in ms. */
const RETRY_MS = 1000;

const encoder = new TextEncoder();

/** All pages that watch. */
export class Audience {
  readonly #pages = new Set<PageStream>();
  readonly #onChange: () => void;

  /** @param onChange called when a page has come or gone */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** How many pages there are. */
  get size(): number {
    return this.#pages.size;
  }

  /** Admits a page. */
  join(): Answer {
    const page = new PageStream(() => {
      this.#pages.delete(page);
      this.#onChange();
    });
    this.#pages.add(page);
    this.#onChange();
    return { status: 200, fields: [["Content-Type", "text/event-stream"]], content: page };
  }

  /** Sends an event, whose data is one line of text, to each page. */
  send(id: number, data: string): void {
    if (this.#pages.size === 0) return;
    const event = encoder.encode(`id: ${id}\ndata: ${data}\n\n`);
    for (const page of this.#pages) page.offer(event);
  }

  /** Ends all streams. */
  close(): void {
    for (const page of [...this.#pages]) page.cancel();
  }
}

/** The stream of one page. */
class PageStream implements Streamed {
  readonly #onEnd: () => void;
  #hasEnded = false;
  /** What is sent next. */
  #next: Uint8Array | undefined;
  #wake: (() => void) | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Sends `event` next, instead of one that still waits. */
  offer(event: Uint8Array): void {
    this.#next = event;
    this.#wake?.();
  }

  async send(sender: Sender): Promise<boolean> {
    await sender.write(encoder.encode(`retry: ${RETRY_MS}\n\n`));
    while (!this.#hasEnded) {
      const event = this.#next;
      this.#next = undefined;
      // Rejects when the page is gone.
      if (event !== undefined) await sender.write(event);
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return true;
  }

  cancel(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#wake?.();
    this.#onEnd();
  }
}
