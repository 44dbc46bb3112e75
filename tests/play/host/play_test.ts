/** `ktcp play` as a person runs it, with real servers and loads. */
import assert from "node:assert/strict";
import type { ServerSetup } from "../../../play/protocol.ts";
import { Launched, run } from "../../support/launch.ts";
import { Marker } from "../../support/marked_processes.ts";
import { PlayClient } from "../../support/play_client.ts";
import { until } from "../../support/until.ts";

const SERVER: ServerSetup = {
  service: "echo",
  engine: "deno",
  model: "single",
  workers: 1,
  maxActive: 16,
  bufferBytes: 4096,
  backlog: 128,
  maxConnections: 1000,
  workUs: 0,
  workKind: "compute",
  idleTimeoutMs: 0,
};

/** Processes are found by /proc. */
const isLinux = Deno.build.os === "linux";

/** `ktcp play`, and the page that uses it. */
class Harness implements AsyncDisposable {
  readonly marker = new Marker();
  readonly process: Launched;
  client!: PlayClient;

  constructor(args: readonly string[] = []) {
    this.process = new Launched(["play", "--port", "0", ...args], { env: this.marker.env });
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
    const asking = { method: "POST", path: "/api/servers", body: { ...SERVER, ...change } };
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
      assert.equal(marker.pids().length, 2);
      process.signal(signal);
      const { code, err } = await process.ended;
      if (signal !== "SIGKILL") assert.deepEqual([code, err], [0, ""]);
      await until(() => marker.pids().length === 0);
    },
  });
}

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
    body: { ...SERVER, engine: "poll", model: "shared-pool" },
  };
  const { status, body } = await harness.client.ask(asking);
  assert.equal(status, 409);
  assert.match(JSON.parse(body).error, /^Cannot start 'ktcp echo .*shared-pool/);
});
