/** Stories run over a host that is made up: its clock is the frames, so nothing waits. */
import assert from "node:assert/strict";
import {
  type Progress,
  runStory,
  StoryError,
  type StoryHost,
} from "../../../../play/page/stories/run_story.ts";
import { STORIES } from "../../../../play/page/stories/stories.ts";
import { LABS } from "../../../../play/page/stories/story.ts";
import { type Frame, FRAME_MS, type LoadView, type ServerView } from "../../../../play/protocol.ts";
import { SyntheticFrames } from "../../synthetic_frames.ts";

/** What a made-up host does wrong. */
interface Faults {
  /** The server ends before it listens. */
  server?: string;
  /** The load goes on until it is stopped. */
  isStuck?: boolean;
  load?: string;
}

/** A host without servers; each frame comes when nothing else is to be done. */
class MadeUpHost implements StoryHost {
  readonly log: string[] = [];
  /** What runs now. */
  readonly running = new Set<string>();
  readonly #faults: Faults;
  #frames = new SyntheticFrames([]);
  #servers: { view: ServerView; listensAtMs: number; samples: SyntheticFrames }[] = [];
  #loads: { view: LoadView; endsAtMs: number }[] = [];
  #listeners = new Set<(frame: Frame) => void>();
  #timer: ReturnType<typeof setInterval>;
  #nowMs = 1_700_000_000_000;
  #next = 1;

  constructor(faults: Faults = {}) {
    this.#faults = faults;
    // As many frames as the machine can: their times are what counts.
    this.#timer = setInterval(() => this.#tick(), 0);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  // deno-lint-ignore require-await -- The interface is that of a host over HTTP.
  async startServer(setup: ServerView["setup"]): Promise<string> {
    const id = `s${this.#next++}`;
    this.log.push(`start ${id}`);
    this.running.add(id);
    const samples = new SyntheticFrames([{ id, setup, loadFrom: 3 }], { startMs: this.#nowMs });
    const view: ServerView = {
      id,
      setup,
      state: "starting",
      sample: null,
      process: null,
      sockets: null,
    };
    this.#servers.push({ view, listensAtMs: this.#nowMs + 3 * FRAME_MS, samples });
    return id;
  }

  // deno-lint-ignore require-await
  async stopServer(id: string): Promise<void> {
    this.log.push(`stop ${id}`);
    this.running.delete(id);
    this.#servers = this.#servers.filter(({ view }) => view.id !== id);
  }

  // deno-lint-ignore require-await
  async startLoad({ servers: [serverId], load }: { servers: string[]; load: LoadView["setup"] }) {
    const id = `l${this.#next++}`;
    this.log.push(`load ${id} on ${serverId}`);
    this.running.add(id);
    const view: LoadView = {
      id,
      serverId,
      state: "running",
      setup: load,
      samples: [],
      process: null,
      held: { open: 0, closed: 0 },
      result: null,
    };
    const { isStuck, load: failure } = this.#faults;
    if (failure) Object.assign(view, { state: "ended", failure });
    const endsAtMs = isStuck ? Infinity : this.#nowMs + load.durationMs;
    this.#loads.push({ view, endsAtMs });
    return [id];
  }

  // deno-lint-ignore require-await
  async stopLoad(id: string): Promise<void> {
    this.log.push(`stop ${id}`);
    for (const load of this.#loads) if (load.view.id === id) load.endsAtMs = 0;
  }

  onFrame(listener: (frame: Frame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers of each load so far. */
  readonly #answered = new Map<string, number>();

  #tick(): void {
    const quiet = this.#frames.next();
    this.#nowMs += FRAME_MS;
    const servers = this.#servers.map((server) => {
      const made = server.samples.next();
      const { view } = server;
      if (this.#faults.server) return { ...view, state: "ended", failure: this.#faults.server };
      if (this.#nowMs < server.listensAtMs) return view;
      return { ...made.servers[0], id: view.id, setup: view.setup };
    }) as ServerView[];
    const loads = this.#loads.map(({ view, endsAtMs }) => {
      const isOver = this.#nowMs >= endsAtMs || view.state === "ended";
      if (isOver) {
        this.running.delete(view.id);
        return { ...view, state: "ended" as const };
      }
      const startMs = this.#nowMs - FRAME_MS;
      const answered = (this.#answered.get(view.id) ?? 0) + 100;
      this.#answered.set(view.id, answered);
      const sample = {
        startMs,
        endMs: this.#nowMs,
        totals: {
          done: answered,
          failed: 0,
          bytesIn: 0,
          statuses: {},
          errors: {},
          open: 4,
          unsent: null,
        },
        answers: 100,
        latency: { upToUs: [500, 1000], counts: [90, 10] },
        connect: { upToUs: [200], counts: [1] },
      };
      return { ...view, samples: [sample] };
    });
    const frame: Frame = { ...quiet, atMs: this.#nowMs, servers, loads };
    for (const listener of [...this.#listeners]) listener(frame);
  }
}

const unaborted = () => new AbortController().signal;

for (const lab of LABS) {
  Deno.test(`runStory(): ${lab} runs to its end, and nothing is left running`, async () => {
    using host = new MadeUpHost();
    const story = STORIES[lab];
    const progress: Progress[] = [];
    const early: number[] = [];
    const figures = await runStory(story, host, null, {
      signal: unaborted(),
      onProgress: (now) => progress.push(now),
      onFigures: (step) => early.push(step),
    });
    assert.equal(figures.length, story.steps.length);
    assert.deepEqual(early, story.steps.map((_, i) => i));
    for (const { perSecond, p50Us } of figures) {
      assert.ok(Math.abs(perSecond! - 1000) < 1, String(perSecond));
      assert.equal(p50Us, 500);
    }
    assert.deepEqual([...host.running], []);
    assert.deepEqual(
      progress.filter(({ doing }) => doing === "loading").map(({ step }) => step),
      story.steps.map((_, i) => i),
    );
    const starts = host.log.filter((line) => line.startsWith("start"));
    assert.equal(starts.length, story.steps.length);
  });
}

Deno.test("runStory(): the server of a step that says so is stopped under its load", async () => {
  using host = new MadeUpHost();
  await runStory(STORIES.shutdown, host, null, { signal: unaborted() });
  assert.deepEqual(host.log, ["start s1", "load l2 on s1", "stop s1"]);
});

Deno.test("runStory(): a load that does not end by itself is stopped", async () => {
  using host = new MadeUpHost({ isStuck: true });
  const figures = await runStory(STORIES.backlog, host, null, { signal: unaborted() });
  assert.equal(figures.length, 2);
  assert.deepEqual(host.log, [
    "start s1",
    "load l2 on s1",
    "stop l2",
    "stop s1",
    "start s3",
    "load l4 on s3",
    "stop l4",
    "stop s3",
  ]);
});

Deno.test("runStory(): a server or a load that fails ends the story with its words", async () => {
  for (const faults of [{ server: "no port is left" }, { load: "no port is left" }]) {
    using host = new MadeUpHost(faults);
    await assert.rejects(
      runStory(STORIES.backlog, host, null, { signal: unaborted() }),
      (error) => error instanceof StoryError && error.message === "no port is left",
    );
    assert.match(host.log.at(-1)!, /^stop s1$/);
  }
});

Deno.test("runStory(): a story that is stopped leaves nothing running", async () => {
  using host = new MadeUpHost();
  const controller = new AbortController();
  const reason = new Error("enough");
  await assert.rejects(
    runStory(STORIES.models, host, null, {
      signal: controller.signal,
      onProgress: ({ step, doing }) => {
        if (step === 1 && doing === "loading") setTimeout(() => controller.abort(reason), 5);
      },
    }),
    reason,
  );
  assert.deepEqual([...host.running].filter((id) => id.startsWith("s")), []);
  assert.ok(host.log.includes("stop l4"), String(host.log));
});
