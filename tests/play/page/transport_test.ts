/// <reference lib="dom" />
/** Events of the host: followed, tried again, and given up when it has ended. */
import assert from "node:assert/strict";
import type { Link } from "../../../play/page/store.ts";
import { followEvents } from "../../../play/page/transport.ts";
import type { Frame } from "../../../play/protocol.ts";
import { until } from "../../support/until.ts";

/** What a browser has: a source of events that the test lets open, tell and fail. */
class MadeUpSource {
  static all: MadeUpSource[] = [];
  onopen = () => {};
  onmessage = (_: { data: string }) => {};
  onerror = () => {};
  isClosed = false;

  constructor(readonly url: string) {
    MadeUpSource.all.push(this);
  }

  close(): void {
    this.isClosed = true;
  }
}

Deno.test("followEvents(): tries again when events break off, and gives up in the end", async () => {
  const browser = globalThis as unknown as Record<string, unknown>;
  const before = { EventSource: browser.EventSource, location: browser.location };
  Object.defineProperty(globalThis, "location", {
    value: { search: "?token=a%26b" },
    configurable: true,
    writable: true,
  });
  browser.EventSource = MadeUpSource;
  const { all } = MadeUpSource;
  const links: Link[] = [];
  const frames: Frame[] = [];
  const end = followEvents({
    onFrame: (frame) => frames.push(frame),
    onLink: (link) => links.push(link),
  }, { retryMs: 1, endedAfterMs: 50 });
  try {
    assert.equal(all[0].url, "/api/events?token=a%26b");
    all[0].onopen();
    all[0].onmessage({ data: '{"atMs":1}' });
    assert.deepEqual([links, frames], [["open"], [{ atMs: 1 }]]);

    all[0].onerror();
    assert.ok(all[0].isClosed);
    await until(() => all.length === 2);
    all[1].onopen();
    assert.deepEqual(links, ["open", "lost", "open"]);

    // Now nobody answers any more.
    all[1].onerror();
    await until(() => {
      const last = all[all.length - 1];
      if (!last.isClosed) last.onerror();
      return links.at(-1) === "ended";
    });
    const attempts = all.length;
    assert.ok(attempts >= 3);
    assert.deepEqual(links.slice(3).filter((link) => link !== "lost"), ["ended"]);
  } finally {
    end();
    Object.assign(browser, before);
  }
});
