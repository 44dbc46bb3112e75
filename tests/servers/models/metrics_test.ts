/** `--metrics`: counted in every model and engine, in the formats that Prometheus reads. */
import assert from "node:assert/strict";
import { metricsText } from "../../../servers/http/open_metrics.ts";
import {
  readFigures,
  RequestFigures,
  shareFigures,
} from "../../../servers/http/request_figures.ts";
import { Method } from "../../../core/mod.ts";
import { launchServer } from "../../support/launch.ts";
import { FEW_SETUPS, possible, setupArgs } from "../../support/setups.ts";
import { withTree } from "../files/tree.ts";

/** The samples of a text by name and labels. @throws what a checker of the format would not take */
function checkedSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  const lines = text.trimEnd().split("\n");
  assert.equal(lines.pop(), "# EOF");
  let family = "";
  for (const line of lines) {
    const about = /^# (TYPE|UNIT|HELP) (\S+) (.+)$/.exec(line);
    if (about !== null) {
      const [, what, name, value] = about;
      if (what === "TYPE") {
        assert.ok(!types.has(name), `${name} comes once`);
        assert.match(name, /^ktcp_[a-z_]+$/);
        if (name !== "ktcp_build_info") {
          assert.doesNotMatch(name, /_(total|count|sum|bucket|info)$/);
        }
        types.set(family = name, value);
      } else assert.equal(name, family);
      if (what === "UNIT") assert.ok(name.endsWith(`_${value}`), line);
      if (what === "HELP") assert.match(value, /\.$/, "a sentence");
      continue;
    }
    const sample = /^([a-z_]+)(\{(?:[a-z_]+="[^"]*",?)*\})? (-?[\d.e+-]+)$/.exec(line);
    assert.ok(sample !== null, line);
    const suffixes = { counter: ["_total"], gauge: [""], histogram: ["_bucket", "_sum", "_count"] };
    const suffix = sample[1].slice(family.length);
    assert.ok(sample[1].startsWith(family), line);
    assert.ok(suffixes[types.get(family) as keyof typeof suffixes].includes(suffix), line);
    const key = sample[1] + (sample[2] ?? "");
    assert.ok(!samples.has(key), `${key} comes once`);
    samples.set(key, Number(sample[3]));
  }
  return samples;
}

Deno.test("metricsText() writes both formats", () => {
  const metrics = [
    { name: "ktcp_a", type: "counter", help: "A.", samples: [{ labels: { x: 'q"\\' }, value: 3 }] },
    {
      name: "ktcp_d_seconds",
      type: "histogram",
      unit: "seconds",
      help: "D.",
      bounds: [0.5, 1],
      counts: [1, 0, 2],
      sum: 7,
    },
  ] as const;
  assert.equal(
    metricsText(metrics, "open"),
    '# TYPE ktcp_a counter\n# HELP ktcp_a A.\nktcp_a_total{x="q\\"\\\\"} 3\n' +
      "# TYPE ktcp_d_seconds histogram\n# UNIT ktcp_d_seconds seconds\n# HELP ktcp_d_seconds D.\n" +
      'ktcp_d_seconds_bucket{le="0.5"} 1\nktcp_d_seconds_bucket{le="1.0"} 1\n' +
      'ktcp_d_seconds_bucket{le="+Inf"} 3\nktcp_d_seconds_sum 7\nktcp_d_seconds_count 3\n# EOF\n',
  );
  assert.match(metricsText(metrics, "plain"), /^# TYPE ktcp_a_total counter\n(?!.*# EOF)/s);
});

Deno.test("RequestFigures counts beyond 32 bits, and from more services than there are rows", () => {
  const shared = shareFigures();
  for (let i = 0; i < 100; ++i) {
    const figures = new RequestFigures(shared);
    figures.answered(Method.Post, 503, 3_000_000_000);
    figures.repeated(3, 1, true);
  }
  const totals = readFigures(shared);
  assert.equal(totals.durationSumUs, 300_000_000_000);
  assert.deepEqual(totals.requests, [
    { method: "GET", status: "2xx", count: 200 },
    { method: "HEAD", status: "2xx", count: 100 },
    { method: "POST", status: "5xx", count: 100 },
  ]);
  assert.deepEqual([totals.durations[0], totals.durations.at(-1), totals.keptHits], [
    300,
    100,
    300,
  ]);
});

const ARGS = ["--metrics", "0", "--workers", "1", "--max-active", "4"];

for (const setup of await possible(FEW_SETUPS)) {
  Deno.test(`ktcp http --metrics counts every request, ${setupArgs(setup).join(" ")}`, () =>
    withTree({ "a.txt": "hello" }, async (root) => {
      await using server = await launchServer(["http", root, ...ARGS, ...setupArgs(setup)]);
      const [, base] = await server.process.untilErr(/metrics at (http:\S+)\/metrics\n/);
      const ask = async (path: string, init: RequestInit = {}) => {
        const response = await fetch(`http://${server.address}${path}`, init);
        await response.body?.cancel();
      };
      for (let i = 0; i < 20; ++i) await ask("/a.txt");
      for (let i = 0; i < 3; ++i) await ask("/a.txt", { method: "HEAD" });
      await ask("/nothing");
      await ask("/a.txt", { method: "POST" });
      using conn = await Deno.connect({ port: server.port });
      await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
      while (await conn.read(new Uint8Array(1000)) !== null);
      const get = (path: string) =>
        fetch(base + path, { headers: { Accept: "application/openmetrics-text" } });
      const response = await get("/metrics");
      assert.match(
        response.headers.get("content-type")!,
        /^application\/openmetrics-text; version=1/,
      );
      const samples = checkedSamples(await response.text());
      const requests = (method: string, status: string) =>
        samples.get(`ktcp_requests_total{method="${method}",status="${status}"}`);
      assert.equal(requests("GET", "2xx"), 20);
      assert.equal(requests("HEAD", "2xx"), 3);
      assert.equal(requests("GET", "4xx"), 1);
      assert.equal(requests("POST", "4xx"), 1);
      assert.equal(requests("other", "4xx"), 1);
      assert.equal(samples.get("ktcp_request_duration_seconds_count"), 26);
      const refused = 'ktcp_refused_requests_total{reason="the_host_field_is_missing"}';
      assert.equal(samples.get(refused), 1);
      assert.ok(samples.get("ktcp_connections_total")! >= 2);
      assert.ok(samples.get("ktcp_sent_bytes_total")! > 20 * 100);
      const hits = samples.get('ktcp_cache_hits_total{cache="core"}')! +
        samples.get('ktcp_cache_hits_total{cache="memo"}')!;
      if (setup.model === "per-core") assert.ok(hits >= 15, `${hits} hits`);
      if (Deno.build.os === "linux") {
        assert.equal(samples.get("ktcp_accept_queue_connections"), 0);
        assert.equal(samples.get("ktcp_accept_queue_limit"), 1024);
      }
      for (const [path, status] of [["/healthz", 200], ["/readyz", 200], ["/", 404]] as const) {
        const { status: got, body } = await get(path);
        await body?.cancel();
        assert.equal(got, status, path);
      }
      const { code, err } = await server.process.stop("SIGTERM");
      assert.equal(code, 0, err);
      assert.ok(!err.includes("internal error"), err);
    }));
}

Deno.test("/readyz is 503 while the server drains, and /healthz 200", async () => {
  await using server = await launchServer(["http", "--echo", "--model", "single", ...ARGS]);
  const [, base] = await server.process.untilErr(/metrics at (http:\S+)\/metrics\n/);
  using conn = await Deno.connect({ port: server.port });
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
  await conn.write(new TextEncoder().encode(head));
  await conn.read(new Uint8Array(100));
  server.process.signal("SIGTERM");
  let ready = 200;
  while (ready === 200) {
    const response = await fetch(`${base}/readyz`);
    ready = response.status;
    await response.body?.cancel();
  }
  assert.equal(ready, 503);
  const health = await fetch(`${base}/healthz`);
  assert.equal(await health.text(), "ok\n");
  await conn.write(new TextEncoder().encode("x"));
  while (await conn.read(new Uint8Array(1000)) !== null);
  assert.equal((await server.process.ended).code, 0);
});
