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

/** A browser, whose host answers requests for the reason as `answer` says, or not at all. */
function withBrowser(answer: () => Response, test: () => Promise<void>): () => Promise<void> {
  return async () => {
    const browser = globalThis as unknown as Record<string, unknown>;
    const before = {
      EventSource: browser.EventSource,
      location: browser.location,
      fetch: browser.fetch,
    };
    Object.defineProperty(globalThis, "location", {
      value: { search: "?token=a%26b" },
      configurable: true,
      writable: true,
    });
    browser.EventSource = MadeUpSource;
    browser.fetch = (url: string) => {
      assert.equal(url, "/api/events?token=a%26b");
      return Promise.resolve().then(answer);
    };
    MadeUpSource.all.length = 0;
    try {
      await test();
    } finally {
      Object.assign(browser, before);
    }
  };
}

const nobody = () => {
  throw new TypeError("Failed to fetch");
};

Deno.test(
  "followEvents(): tries again when events break off, and gives up in the end",
  withBrowser(nobody, async () => {
    const { all } = MadeUpSource;
    const links: Link[] = [];
    const frames: Frame[] = [];
    const end = followEvents({
      onFrame: (frame) => frames.push(frame),
      onLink: (link) => links.push(link),
      onRefused: (why) => assert.fail(why),
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
    }
  }),
);

for (
  const [answer, words] of [
    [
      () => Response.json({ error: "4 pages are open already" }, { status: 503 }),
      "4 pages are open already",
    ],
    [() => new Response("Open the whole address\n", { status: 403 }), "Open the whole address"],
  ] as const
) {
  Deno.test(
    `followEvents(): a host that refuses ("${words}") has not ended`,
    withBrowser(answer, async () => {
      const { all } = MadeUpSource;
      const links = new Set<Link>();
      const told: string[] = [];
      const end = followEvents({
        onFrame: () => assert.fail(),
        onLink: (link) => links.add(link),
        onRefused: (why) => told.push(why),
      }, { retryMs: 1, endedAfterMs: 10 });
      try {
        const startMs = performance.now();
        await until(() => {
          const last = all[all.length - 1];
          if (!last.isClosed) last.onerror();
          return all.length > 3 && performance.now() - startMs > 50;
        });
        assert.deepEqual([[...links], told], [["lost"], [words]]);
        // As soon as there is room for it, it is as any other.
        await until(() => !all[all.length - 1].isClosed);
        all[all.length - 1].onopen();
        assert.ok(links.has("open"));
      } finally {
        end();
      }
    }),
  );
}
