/** The host over real sockets, with servers and loads that only pretend to run. */
import assert from "node:assert/strict";
import { fieldOf } from "../../../bench/check/http/response_reader.ts";
import {
  type Launcher,
  type Observer,
  type ServerChild,
  StartError,
} from "../../../play/host/children.ts";
import { type Play, startPlay } from "../../../play/host/host.ts";
import { KernelObserver } from "../../../play/host/kernel.ts";
import { readMachine } from "../../../play/host/machine.ts";
import { type Frame, FRAME_MS, type LoadSetup, type ServerSetup } from "../../../play/protocol.ts";
import { sleep } from "../../../system/wait.ts";
import { type Asking, PlayClient } from "../../support/play_client.ts";
import { until } from "../../support/until.ts";
import { PLAY_LOAD, PLAY_SERVER } from "../../support/play_setups.ts";

const PAGE = {
  html: '<!DOCTYPE html><script src="/page.js?token=@TOKEN@"></script>',
  js: "script",
  css: "style",
};

/** A child that ends when it is told to, or when the test says so. */
class FakeChild {
  readonly pid = Deno.pid;
  readonly port = 5;
  held = { open: 0, closed: 0 };
  heldFailure: string | undefined;
  isStopped = false;
  readonly #end = Promise.withResolvers<void>();
  #lastLine = "";
  readonly ended: Promise<{ code: number; lastLine: string; result: { done: number } | null }>;

  constructor() {
    this.ended = this.#end.promise.then(() => ({
      code: 0,
      lastLine: this.#lastLine,
      result: this.#lastLine === ""
        ? { done: 7, hdr: { latencyUs: "samples" }, clients: [] }
        : null,
    }));
  }

  end(lastLine = ""): void {
    this.#lastLine = lastLine;
    this.#end.resolve();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.#end.resolve();
    await this.ended;
  }
}

/** Children, and what they were told. */
class FakeLauncher implements Launcher {
  readonly servers: FakeChild[] = [];
  readonly loads: FakeChild[] = [];
  sample: Parameters<Launcher["startLoad"]>[2] | undefined;
  isTracing = false;
  /** Keeps servers from coming up until it is resolved. */
  delay: Promise<void> | undefined;

  async startServer(setup: ServerSetup): Promise<ServerChild> {
    await this.delay;
    if (setup.backlog === 13) throw new StartError("Cannot start 'ktcp echo': thirteen");
    this.servers.push(new FakeChild());
    return this.servers.at(-1)!;
  }

  startLoad(
    _target: Parameters<Launcher["startLoad"]>[0],
    _load: LoadSetup,
    onSample: Parameters<Launcher["startLoad"]>[2],
  ) {
    this.sample = onSample;
    this.loads.push(new FakeChild());
    return this.loads.at(-1)!;
  }

  async startTraced() {
    this.isTracing = true;
    await this.delay;
    return await Promise.reject(new StartError("Cannot start 'ktcp echo': none here"));
  }

  get children(): FakeChild[] {
    return [...this.servers, ...this.loads];
  }
}

/** Knows nothing, and counts how often it was asked: once a frame. */
class BlindObserver implements Observer {
  frames = 0;
  process = () => null;
  forget = () => {};

  sockets = (ports: readonly number[]) => ports.map(() => null);
  kernel() {
    this.frames++;
    return null;
  }
  close = () => {};
}

/** A playground, and the page that uses it. */
class Harness implements AsyncDisposable {
  readonly launcher = new FakeLauncher();
  readonly observer = new BlindObserver();
  readonly notes: string[] = [];
  readonly play: Play;
  readonly client: PlayClient;

  constructor(
    { graceMs, observer = this.observer }: { graceMs?: number; observer?: Observer } = {},
  ) {
    this.play = startPlay({
      port: 0,
      page: PAGE,
      machine: { ...readMachine("1.2.3"), cpus: 2 },
      launcher: this.launcher,
      observer,
      onNote: (note) => this.notes.push(note),
      graceMs,
    });
    this.client = new PlayClient(this.play.url);
  }

  async startServer(change: Partial<ServerSetup> = {}): Promise<string> {
    const asking = { method: "POST", path: "/api/servers", body: { ...PLAY_SERVER, ...change } };
    return (await this.client.json(asking, 201)).id;
  }

  async startLoad(...servers: string[]): Promise<string[]> {
    const asking = { method: "POST", path: "/api/loads", body: { servers, load: PLAY_LOAD } };
    return (await this.client.json(asking, 201)).ids;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.play.stop();
  }
}

Deno.test("the page and what it loads are there for who has the token, and protected", async () => {
  await using harness = new Harness();
  const { client } = harness;
  const FILES = [
    ["/", "text/html; charset=utf-8", PAGE.html.replace("@TOKEN@", client.token)],
    ["/page.js", "text/javascript; charset=utf-8", "script"],
    ["/page.css", "text/css; charset=utf-8", "style"],
  ];
  for (const [path, type, body] of FILES) {
    const response = await client.ask({ path });
    assert.deepEqual([response.status, response.body], [200, body], path);
    assert.equal(fieldOf(response, "content-type"), type);
    const policy = fieldOf(response, "content-security-policy")!;
    assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; /);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe-inline|https?:|\*/);
    for (
      const [name, value] of [
        ["cache-control", "no-store"],
        ["x-content-type-options", "nosniff"],
        ["referrer-policy", "no-referrer"],
        ["cross-origin-opener-policy", "same-origin"],
        ["cross-origin-embedder-policy", "require-corp"],
        ["cross-origin-resource-policy", "same-origin"],
      ]
    ) assert.equal(fieldOf(response, name), value, name);
  }
  const head = await client.ask({ method: "HEAD", path: "/page.js" });
  assert.deepEqual([head.status, head.body], [200, ""]);
  const wasm = await client.ask({ path: "/core.wasm" });
  assert.equal(wasm.body.slice(0, 4), "\0asm");
  const machine = await client.json({ path: "/api/machine" });
  assert.deepEqual([machine.version, machine.cpus, machine.engines[0]], ["1.2.3", 2, "deno"]);
});

const START: Asking = { method: "POST", path: "/api/servers", body: PLAY_SERVER };
const LARGE = "x".repeat(70_000);

/** Requests that are refused: status, and what the answer says. */
const REFUSED: [asking: Asking, status: number, error: RegExp][] = [
  [{ ...START, token: "" }, 403, /^Open the whole address that ktcp play has printed$/],
  [{ ...START, token: "A".repeat(22) }, 403, /^Open the whole address/],
  [{ ...START, fields: { Host: "evil.example" } }, 403, /^Open the whole address/],
  [{ ...START, fields: { Origin: "http://evil.example" } }, 403, /^Open the whole address/],
  [{ ...START, fields: { Origin: undefined } }, 403, /^Open the whole address/],
  [{ ...START, fields: { "Sec-Fetch-Site": "cross-site" } }, 403, /^Open the whole address/],
  [{ path: "/api/machine", token: "" }, 403, /^Open the whole address/],
  [{ path: "/api/events", token: "" }, 403, /^Open the whole address/],
  [{ path: "/nothing", token: "" }, 403, /^Open the whole address/],
  [{ path: "/nothing" }, 404, /^There is no '\/nothing' here$/],
  [{ path: "/api/servers" }, 405, /^GET is not possible for '\/api\/servers'; use POST$/],
  [{ ...START, fields: { "Content-Type": "text/plain" } }, 415, /^The content is 'text\/plain'; /],
  [{ ...START, fields: { "Content-Type": undefined } }, 415, /^The content is ''; send appl/],
  [
    { ...START, body: LARGE },
    413,
    /^The content has 70000 bytes; at most 65536 are accepted here$/,
  ],
  [
    {
      ...START,
      body: "1\r\na\r\n0\r\n\r\n",
      fields: { "Content-Length": undefined, "Transfer-Encoding": "chunked" },
    },
    411,
    /^The content is chunked; send it with Content-Length$/,
  ],
  [{ ...START, body: "{" }, 400, /^The content is not JSON$/],
  [{ ...START, body: '"\xff"' }, 400, /^The content is not JSON$/],
  [
    { ...START, body: { ...PLAY_SERVER, shell: "sh" } },
    400,
    /^shell is not known; there are service, /,
  ],
  [
    { ...START, body: { ...PLAY_SERVER, workers: 5 } },
    400,
    /^workers: 5 is not a whole number from 1 to 4$/,
  ],
  [
    { ...START, body: { ...PLAY_SERVER, backlog: 13 } },
    409,
    /^Cannot start 'ktcp echo': thirteen$/,
  ],
  [
    { method: "POST", path: "/api/loads", body: { servers: ["s9"], load: PLAY_LOAD } },
    400,
    /^servers\[0\]: no server 's9' runs; start one first$/,
  ],
  [
    {
      method: "POST",
      path: "/api/loads",
      body: { servers: ["s9"], load: { ...PLAY_LOAD, clients: 2001 } },
    },
    400,
    /^load\.clients: 2001 is not a whole number from 1 to 2000$/,
  ],
  [{ method: "DELETE", path: "/api/servers/s9" }, 404, /^Cannot stop server 's9': there is none$/],
  [{ method: "DELETE", path: "/api/loads/l9" }, 404, /^Cannot stop load 'l9': there is none$/],
  [{ path: "/api/loads/l9" }, 404, /^Cannot show the result of load 'l9': there is none$/],
  [
    { method: "POST", path: "/api/glass", body: { service: "echo", setups: [PLAY_SERVER] } },
    400,
    /^parts is missing$/,
  ],
  [
    {
      method: "POST",
      path: "/api/glass",
      body: { service: "echo", setups: Array(6).fill(PLAY_SERVER), parts: ["YQ=="] },
    },
    400,
    /^setups: .* is not a list of 1 to 5$/,
  ],
  [
    {
      method: "POST",
      path: "/api/glass",
      body: { service: "echo", setups: [PLAY_SERVER], parts: ["?"] },
    },
    400,
    /^A part is not base64$/,
  ],
  [{ method: "POST", path: "/api/report", body: {} }, 400, /^format: this is not a recording/],
];

Deno.test("requests are refused by name, and start nothing", async () => {
  await using harness = new Harness();
  for (const [asking, status, error] of REFUSED) {
    const what = JSON.stringify(asking).slice(0, 200);
    const response = await harness.client.ask(asking);
    assert.equal(response.status, status, `${what}: ${response.body}`);
    const text = status === 403 ? response.body.trimEnd() : JSON.parse(response.body).error;
    assert.match(text, error, what);
    assert.equal(fieldOf(response, "cache-control"), "no-store", what);
  }
  assert.deepEqual(harness.launcher.children, []);
});

Deno.test("content of a request that is refused by its head is not waited for", async () => {
  await using harness = new Harness();
  // A recording may be long; of who has no token not a byte is kept.
  const fields = { "Content-Length": `${64 << 20}` };
  const asking = { method: "POST", path: "/api/report", body: "", fields };
  assert.equal((await harness.client.ask({ ...asking, token: "" })).status, 403);
  const longer = { ...asking, fields: { "Content-Length": `${65 << 20}` } };
  assert.equal((await harness.client.ask(longer)).status, 413);
});

Deno.test("servers and loads start, are seen in frames, and stop", async () => {
  await using harness = new Harness();
  const { client, launcher } = harness;
  using page = await client.look();
  assert.deepEqual((await page.frame()).servers, []);
  const first = await harness.startServer();
  const second = await harness.startServer({ model: "per-core" });
  const [one, two] = await harness.startLoad(first, second);
  const seen = await page.frame(({ loads }) => loads.length === 2);
  assert.deepEqual(
    seen.servers.map(({ id, state, address, setup }) => [id, state, address, setup.model]),
    [[first, "running", "127.0.0.1:5", "single"], [second, "running", "127.0.0.1:5", "per-core"]],
  );
  assert.deepEqual(
    seen.loads.map(({ id, serverId, state, result }) => [id, serverId, state, result]),
    [[one, first, "running", null], [two, second, "running", null]],
  );
  launcher.loads[1].held = { open: 2, closed: 1 };
  launcher.loads[1].heldFailure = "Silent and slow clients: refused";
  const held = await page.frame(({ loads }) => loads[1].held.open > 0);
  assert.deepEqual(
    held.loads.map(({ held, failure }) => [held.closed, failure]),
    [[0, undefined], [1, "Silent and slow clients: refused"]],
  );
  // A load that ends by itself leaves its result, without the large parts.
  launcher.loads[0].end();
  const ended = await page.frame(({ loads }) => loads[0].state === "ended");
  assert.deepEqual(ended.loads[0].result, { done: 7 });
  const whole = await client.json({ path: `/api/loads/${one}` });
  assert.deepEqual(whole.hdr, { latencyUs: "samples" });
  // The end of a server ends what still loads it.
  await client.json({ method: "DELETE", path: `/api/servers/${second}` }, 204);
  assert.equal(launcher.loads[1].isStopped, true);
  // A server that ends by itself says why.
  launcher.servers[0].end("out of descriptors");
  const failed = await page.frame(({ servers }) => servers[0]?.state === "ended");
  assert.deepEqual(failed.servers.map(({ failure }) => failure), ["out of descriptors"]);
  await client.json({ method: "DELETE", path: `/api/servers/${first}` }, 204);
  assert.deepEqual((await page.frame(({ servers }) => servers.length === 0)).servers, []);
});

Deno.test("samples of a load come once, in the next frame", async () => {
  await using harness = new Harness();
  using page = await harness.client.look();
  await harness.startLoad(await harness.startServer());
  const sample = { answers: 1 } as Parameters<NonNullable<FakeLauncher["sample"]>>[0];
  harness.launcher.sample!(sample);
  harness.launcher.sample!({ ...sample, answers: 2 });
  const answers = (frame: Frame) => frame.loads[0].samples.map(({ answers }) => answers);
  const isThere = ({ loads }: Frame) => loads[0]?.samples.length > 0;
  assert.deepEqual(answers(await page.frame(isThere)), [1, 2]);
  assert.deepEqual(answers(await page.frame()), []);
});

Deno.test("no more servers and loads run at once than the bounds allow", async () => {
  await using harness = new Harness();
  const { client } = harness;
  const ids = await Promise.all(Array.from({ length: 4 }, () => harness.startServer()));
  const fifth = await client.ask(START);
  assert.equal(fifth.status, 400);
  assert.match(fifth.body, /"servers: 4 run already, which is the limit; stop one first"/);
  await harness.startLoad(...ids);
  await harness.startLoad(...ids);
  const body = { servers: [ids[0]], load: PLAY_LOAD };
  const ninth = await client.ask({ method: "POST", path: "/api/loads", body });
  assert.match(ninth.body, /"servers: 1 more loads beside 8 are above 8; stop some first"/);
  const twice = { servers: [ids[0], ids[0]], load: PLAY_LOAD };
  const named = await client.ask({ method: "POST", path: "/api/loads", body: twice });
  assert.match(named.body, /"servers\[1\]: 's1' is named twice"/);
});

Deno.test("a server that is stopped while it starts ends when it has started", async () => {
  await using harness = new Harness();
  const { promise, resolve } = Promise.withResolvers<void>();
  harness.launcher.delay = promise;
  using page = await harness.client.look();
  const started = harness.startServer();
  await page.frame(({ servers }) => servers[0]?.state === "starting");
  const stopped = harness.client.ask({ method: "DELETE", path: "/api/servers/s1" });
  await page.frame(({ servers }) => servers[0]?.state === "stopping");
  resolve();
  assert.equal((await stopped).status, 204);
  assert.equal(await started, "s1");
  assert.deepEqual(harness.launcher.servers.map(({ isStopped }) => isStopped), [true]);
});

Deno.test("all stops some time after the last page has gone, and the host goes on", async () => {
  await using harness = new Harness({ graceMs: 300 });
  const { client, launcher, notes } = harness;
  const page = await client.look();
  const other = await client.look();
  await Promise.all([page.frame(), other.frame()]);
  await harness.startLoad(await harness.startServer());
  page[Symbol.dispose]();
  // The other one still looks, for longer than the grace.
  const lookedMs = performance.now();
  await other.frame(() => performance.now() - lookedMs > 600);
  assert.deepEqual(launcher.children.map(({ isStopped }) => isStopped), [false, false]);
  other[Symbol.dispose]();
  await until(() => launcher.children.every(({ isStopped }) => isStopped));
  assert.deepEqual(notes, ["ktcp play: no page is open any more; servers and loads are stopped"]);
  using again = await client.look();
  assert.deepEqual((await again.frame()).servers, []);
});

Deno.test("what is started without a page stops after the grace as well", async () => {
  await using harness = new Harness({ graceMs: 50 });
  await harness.startServer();
  await until(() => harness.launcher.servers[0].isStopped);
});

Deno.test("stop() ends servers, loads and streams, and closes the port", async () => {
  const harness = new Harness();
  using page = await harness.client.look();
  await harness.startLoad(await harness.startServer());
  await page.frame();
  await harness.play.stop();
  assert.deepEqual(harness.launcher.children.map(({ isStopped }) => isStopped), [true, true]);
  await assert.rejects(() => page.frame(() => false), /The stream has ended/);
  await assert.rejects(() => harness.client.look(), Deno.errors.ConnectionRefused);
});

Deno.test("one request at a time is under the glass", async () => {
  await using harness = new Harness();
  const { client, launcher } = harness;
  const { promise, resolve } = Promise.withResolvers<void>();
  launcher.delay = promise;
  const body = { service: "echo", setups: [PLAY_SERVER], parts: ["YQ=="] };
  const first = client.json({ method: "POST", path: "/api/glass", body });
  await until(() => launcher.isTracing);
  const second = await client.ask({ method: "POST", path: "/api/glass", body });
  assert.match(
    second.body,
    /"Another request is under the glass; wait until it has been answered"/,
  );
  resolve();
  const [trace] = await first;
  assert.deepEqual([trace.failure, trace.steps], ["Cannot start 'ktcp echo': none here", []]);
});

Deno.test("frames are taken while a page looks or a load runs, and not else", async () => {
  await using harness = new Harness();
  const { client, launcher, observer } = harness;
  /** Whether a frame is taken within the time of three. */
  const areTaken = async () => {
    const { frames } = observer;
    await sleep(3 * FRAME_MS);
    return observer.frames > frames;
  };
  const id = await harness.startServer();
  assert.equal(await areTaken(), false);
  const page = await client.look();
  await page.frame();
  page[Symbol.dispose]();
  await until(async () => !await areTaken());
  await harness.startLoad(id);
  assert.equal(await areTaken(), true);
  launcher.loads[0].end();
  await until(async () => !await areTaken());
});

Deno.test("a load that has ended is forgotten when it is told to stop", async () => {
  await using harness = new Harness();
  const { client, launcher } = harness;
  using page = await client.look();
  const [load] = await harness.startLoad(await harness.startServer());
  launcher.loads[0].end();
  await page.frame(({ loads }) => loads[0]?.state === "ended");
  await client.json({ method: "DELETE", path: `/api/loads/${load}` }, 204);
  await page.frame(({ loads }) => loads.length === 0);
  assert.equal(launcher.loads[0].isStopped, false);
});

/** Descriptors of this process by which processes are read. */
function descriptorsOfProcesses(): string[] {
  const folder = "/proc/self/fd";
  const links = [...Deno.readDirSync(folder)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`${folder}/${name}`);
    } catch {
      // That of the listing itself.
      return "";
    }
  });
  return links.filter((link) => /^\/proc\/\d+\/stat/.test(link));
}

Deno.test({
  name: "no descriptor is kept of a process that has ended",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using harness = new Harness({ observer: new KernelObserver() });
    const { client, launcher } = harness;
    using page = await client.look();
    const server = await harness.startServer();
    await harness.startLoad(server);
    await page.frame(({ servers: [one], loads: [two] }) => !!one?.process && !!two?.process);
    assert.equal(descriptorsOfProcesses().length, 2, "one process stands for both");
    launcher.servers[0].end("crashed");
    launcher.loads[0].end();
    await page.frame(({ servers, loads }) =>
      servers[0].state === "ended" && loads[0].state === "ended"
    );
    assert.deepEqual(descriptorsOfProcesses(), []);
  },
});

Deno.test("as many pages look at once as leave a browser connections for requests", async () => {
  await using harness = new Harness();
  const pages = await Promise.all(Array.from({ length: 4 }, () => harness.client.look()));
  await Promise.all(pages.map((page) => page.frame()));
  const { status, body } = await harness.client.ask({ path: "/api/events" });
  assert.equal(status, 503);
  assert.match(body, /4 pages are open already; close some/);
  for (const page of pages) page[Symbol.dispose]();
});
