/** `ktcp play` as a person runs it, with real servers and loads. */
import assert from "node:assert/strict";
import type { ServerSetup } from "../../../play/protocol.ts";
import { Launched, run } from "../../support/launch.ts";
import { Marker } from "../../support/marked_processes.ts";
import { PlayClient } from "../../support/play_client.ts";
import { runMain } from "../../support/run_main.ts";
import { until } from "../../support/until.ts";
import { PLAY_LOAD, PLAY_SERVER } from "../../support/play_setups.ts";

/** Processes are found by /proc. */
const isLinux = Deno.build.os === "linux";

/** `ktcp play`, and the page that uses it. */
class Harness implements AsyncDisposable {
  readonly marker = new Marker();
  readonly process: Launched;
  client!: PlayClient;

  constructor(args: readonly string[] = [], env: Record<string, string> = {}) {
    this.process = new Launched(["play", "--port", "0", ...args], {
      env: { ...this.marker.env, ...env },
    });
  }

  static async start(args: readonly string[] = []): Promise<Harness> {
    const harness = new Harness(args);
    const ready = /^ktcp play: listening on (127\.0\.0\.1:\d+)\n(http:\/\/\S+)\n/;
    const [, address, url] = await harness.process.untilOut(ready);
    assert.match(url, new RegExp(`^http://${address}/\\?token=[\\w-]{22}$`));
    harness.client = new PlayClient(url);
    return harness;
  }

  async startServer(change: Partial<ServerSetup> = {}): Promise<string> {
    const asking = { method: "POST", path: "/api/servers", body: { ...PLAY_SERVER, ...change } };
    return (await this.client.json(asking, 201)).id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
  Deno.test({
    name: `ktcp play: after ${signal} no process is left`,
    ignore: !isLinux,
    fn: async () => {
      await using harness = await Harness.start();
      const { process, client, marker } = harness;
      using page = await client.look();
      const id = await harness.startServer();
      const { servers: [server] } = await page.frame(({ servers }) => servers[0]?.sample != null);
      assert.deepEqual([server.id, server.state], [id, "running"]);
      const load = { ...PLAY_LOAD, silentClients: 2, durationMs: 60_000 };
      const body = { servers: [id], load };
      await client.json({ method: "POST", path: "/api/loads", body }, 201);
      await page.frame(({ loads }) => loads[0]?.samples.length > 0);
      assert.equal(marker.pids().length, 3);
      process.signal(signal);
      const { code, err } = await process.ended;
      if (signal !== "SIGKILL") assert.deepEqual([code, err], [0, ""]);
      await until(() => marker.pids().length === 0);
    },
  });
}

Deno.test({
  name: "ktcp play: two servers and a load side by side, with figures that agree with its result",
  ignore: !isLinux,
  fn: async () => {
    await using harness = await Harness.start();
    const { client, marker } = harness;
    using page = await client.look();
    const ids = [
      await harness.startServer({ service: "http" }),
      await harness.startServer({ service: "echo", model: "per-core", workers: 2 }),
    ];
    const body = { servers: ids, load: PLAY_LOAD };
    const loads: string[] = (await client.json({ method: "POST", path: "/api/loads", body }, 201))
      .ids;
    const totals: number[][] = [[], []];
    const answers = [0, 0];
    const served: number[][] = [[], []];
    const last = await page.frame((frame) => {
      for (const [i, load] of frame.loads.entries()) {
        for (const { totals: { done }, answers: count } of load.samples) {
          totals[i].push(done);
          answers[i] += count;
        }
        served[i].push(frame.servers[i].sample?.counters.served ?? 0);
      }
      return frame.loads.length === 2 && frame.loads.every(({ state }) => state === "ended");
    });
    for (const [i, load] of last.loads.entries()) {
      assert.equal(load.id, loads[i]);
      assert.equal(load.failure, undefined);
      // They moved, all the time.
      assert.ok(new Set(totals[i]).size >= 5, `totals of ${load.id}: ${totals[i]}`);
      assert.ok(new Set(served[i]).size >= 5, `served by ${load.serverId}: ${served[i]}`);
      const result = load.result as { command: string; ok?: number; good?: number };
      assert.equal(result.command, i === 0 ? "htstress" : "bench");
      const done = result.ok ?? result.good!;
      assert.ok(done > 100, `${done} answers`);
      assert.equal(totals[i].at(-1), done);
      assert.equal(answers[i], done);
      // The server has used CPU time, and the kernel has its listener.
      const { process, sockets } = last.servers[i];
      assert.ok(process!.userUs + process!.systemUs > 0 && process!.rssBytes > 1e7);
      assert.ok(marker.pids().includes(process!.pid));
      assert.ok(sockets!.acceptQueue!.limit >= PLAY_SERVER.backlog);
      assert.ok(sockets!.states.listening >= 1);
      // The server has counted all that was asked of it.
      const seen = await page.frame(({ servers }) => servers[i].sample!.counters.served >= done);
      assert.ok(seen.servers[i].sample!.counters.served <= done + 2 * PLAY_LOAD.clients);
    }
    assert.equal(typeof last.kernel!.listenOverflows, "number");
    assert.ok(last.costUs > 0);
    const whole = await client.json({ path: `/api/loads/${loads[0]}` });
    assert.equal(typeof whole.hdr.latencyUs, "string");
    assert.equal(marker.pids().length, 3, "the host and two servers");
  },
});

Deno.test({
  name: "ktcp play: silent and slow clients are held beside a load, and leave with it",
  ignore: !isLinux,
  fn: async () => {
    await using harness = await Harness.start();
    const { client } = harness;
    using page = await client.look();
    const id = await harness.startServer({ service: "http", idleTimeoutMs: 500 });
    const load = { ...PLAY_LOAD, clients: 1, silentClients: 5, slowClients: 3, durationMs: 60_000 };
    const asking = { method: "POST", path: "/api/loads", body: { servers: [id], load } };
    const { ids: [loadId] } = await client.json(asking, 201);
    await page.frame(({ loads }) => loads[0]?.held.open === 8);
    // Silent ones are idle: the server closes them, and not those that send.
    const seen = await page.frame(({ loads }) => loads[0].held.closed === 5);
    assert.deepEqual(seen.loads[0].held, { open: 3, closed: 5 });
    await client.json({ method: "DELETE", path: `/api/loads/${loadId}` }, 204);
    const ended = await page.frame(({ loads }) => loads[0].state === "ended");
    assert.deepEqual([ended.loads[0].held, ended.loads[0].failure], [
      { open: 3, closed: 5 },
      undefined,
    ]);
    await page.frame(({ servers }) => servers[0].sample!.counters.open === 0);
  },
});

Deno.test("ktcp play: a link's set-up is appended to the address, and nothing else of it", async () => {
  const setup = "v=1&a.service=http&a.engine=epoll&a.model=single&load.clients=20";
  const link = `http://127.0.0.1:9/?token=another#${setup}&a.workers=99999&x=%22%3E`;
  await using harness = new Harness([link]);
  const [, own] = await harness.process.untilOut(/^http:\S+#(.*)\n/m);
  assert.equal(own, setup);
  const { code, err } = await harness.process.stop("SIGTERM");
  assert.equal(code, 0);
  const told = "ktcp play: a default replaces part of the link's set-up: ";
  assert.deepEqual(err.trimEnd().split("\n").map((line) => line.replace(told, "")), [
    `servers[0].workers: 99999 is not a whole number from 1 to ${
      2 * navigator.hardwareConcurrency
    }`,
    "x is not known",
  ]);
});

Deno.test("ktcp play: a link without a set-up is a usage error", async () => {
  for (
    const [link, why] of [
      ["http://127.0.0.1:8088/", "there is no #"],
      ["#", "nothing follows its #"],
      ["x#v=2&a.model=single", "v=2: only set-ups of v=1 can be read"],
    ]
  ) {
    const { code, out, err } = await runMain(["play", "--port", "0", link]);
    assert.deepEqual([code, out], [2, ""]);
    assert.equal(
      err.split("\n")[0],
      `ktcp play: link '${link}' holds no set-up: ${why}; copy one with the page's 'Copy link'`,
    );
  }
});

Deno.test({
  name: "ktcp play --open: opens the whole address, and says what to do when it cannot",
  ignore: !isLinux,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const opened = `${folder}/opened`;
      const opener = `${folder}/xdg-open`;
      const CASES: [opener: string | null, note: string][] = [
        [`printf %s "$1" > "${opened}"`, ""],
        ["exit 3", "xdg-open failed"],
        [null, "there is no xdg-open"],
      ];
      for (const [script, why] of CASES) {
        if (script === null) await Deno.remove(opener);
        else await Deno.writeTextFile(opener, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
        await using harness = new Harness(["--open"], { PATH: folder });
        const [url] = await harness.process.untilOut(/^http:\S+(?=\n)/m);
        if (why === "") {
          await until(async () => await Deno.readTextFile(opened).catch(() => "") === url);
        } else {
          const note = `ktcp play: cannot open the browser: ${why}; open the address above\n`;
          await harness.process.untilErr(/\n/);
          assert.equal(harness.process.err, note);
        }
        assert.equal((await harness.process.stop("SIGINT")).code, 0);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("ktcp play: says that the port is taken, in one line", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const { code, out, err } = await run(["play", "--port", `${port}`]);
  assert.deepEqual([code, out], [1, ""]);
  assert.equal(
    err,
    `ktcp play: cannot listen on 127.0.0.1:${port}: the address is in use; stop its server or ` +
      "choose another --port, or --port 0\n",
  );
});

Deno.test("ktcp play: a server that does not come up says why", async () => {
  await using harness = await Harness.start();
  const asking = {
    method: "POST",
    path: "/api/servers",
    body: { ...PLAY_SERVER, engine: "poll", model: "shared-pool" },
  };
  const { status, body } = await harness.client.ask(asking);
  assert.equal(status, 409);
  assert.match(JSON.parse(body).error, /^Cannot start 'ktcp echo .*shared-pool/);
});
