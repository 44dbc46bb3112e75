/** Counts of the load client against the server's own, in every mode. */
import assert from "node:assert/strict";
import { timed } from "../../support/attempts.ts";
import { eachLoad } from "../../support/client_engines.ts";
import { createHash } from "node:crypto";
import { type HtstressOptions, runHtstress } from "../../../bench/http/htstress.ts";
import type { RequestSample } from "../../../bench/result.ts";
import { load, NO_ERRORS, response, startCounting } from "../../support/http_load_servers.ts";

const MODES: Record<string, Partial<HtstressOptions>> = {
  "one connection a request, 3 threads": { threads: 3, concurrency: 2 },
  "more connections than requests": { requests: 3, concurrency: 10 },
  "keep-alive, 3 threads": { isKeepAlive: true, threads: 3, requests: 1001 },
  "pipelined": { isKeepAlive: true, pipeline: 16, requests: 1001 },
  "at a rate": { isKeepAlive: true, ratePerSecond: 500, requests: 120 },
  "at a rate, 2 threads, one connection a request": {
    threads: 2,
    ratePerSecond: 500,
    requests: 120,
  },
  "at a rising rate": { isKeepAlive: true, ratePerSecond: 400, rampMs: 300, requests: 120 },
  "with rising concurrency": { isKeepAlive: true, rampMs: 100, requests: 500 },
  "for a time": { isKeepAlive: true, requests: 0, durationMs: 100 },
  "for a time, one connection a request": { requests: 0, durationMs: 100, threads: 2 },
  "for a time, at a rate": { requests: 0, durationMs: 300, ratePerSecond: 300 },
};

for (const [name, changes] of Object.entries(MODES)) {
  eachLoad(`runHtstress() counts what the server counts: ${name}`, async (load) => {
    await using server = startCounting();
    const options = load(server.url, changes);
    const { run, histograms } = await runHtstress(options);
    assert.equal(run.good, server.seen.length);
    assert.deepEqual(run.statuses, { 200: run.good });
    assert.deepEqual(run.errors, NO_ERRORS);
    assert.equal(run.unwanted, 0);
    if (options.requests > 0) assert.equal(run.good, options.requests);
    else assert.ok(run.good > 10, `${run.good} requests`);
    assert.equal(histograms.latency.count, run.good);
    assert.equal(histograms.ttfb.count, run.good);
    assert.equal(histograms.connect.count, server.connections);
    const requestBytes = options.isKeepAlive
      ? `GET / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`.length
      : `GET / HTTP/1.0\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`.length;
    assert.equal(run.bytesOut, run.good * requestBytes);
    assert.equal(run.bytesIn, run.good * response("hi").length);
    const { threads, concurrency } = options;
    if (options.isKeepAlive) assert.ok(server.connections <= threads * concurrency);
    else assert.equal(server.connections, run.good);
    if (options.durationMs > 0) assert.equal(run.seconds, options.durationMs / 1000);
    assert.equal(run.window.answered + run.window.inFlight, run.good);
    const { schedule } = run;
    if (options.ratePerSecond === 0) assert.equal(schedule, null);
    else assert.deepEqual([schedule!.sent, schedule!.due], [run.good, run.good + schedule!.unsent]);
  });
}

eachLoad("runHtstress() does not count the warm-up", async (load) => {
  await using server = startCounting();
  const { run } = await runHtstress(
    load(server.url, { isKeepAlive: true, warmupMs: 100, requests: 50 }),
  );
  assert.equal(run.good, 50);
  assert.ok(server.seen.length > 50);
  assert.equal(run.connectUs.count, 0, "connections of the warm-up stay open");
});

eachLoad(
  "runHtstress() opens a new connection when the server announces to close",
  async (load) => {
    await using server = startCounting((_, index) =>
      index % 7 === 6
        ? { bytes: response("hi", 200, "Connection: close\r\n"), closes: true }
        : { bytes: response("hi") }
    );
    for (const pipeline of [1, 5]) {
      server.seen.length = 0;
      const { run } = await runHtstress(
        load(server.url, { isKeepAlive: true, concurrency: 1, pipeline }),
      );
      assert.equal(run.good, 100);
      assert.deepEqual(run.errors, NO_ERRORS);
    }
  },
);

eachLoad("runHtstress() opens a new connection when an idle one was closed", async (load) => {
  // 100 ms lie between two requests: the end of the connection arrives while nothing is asked.
  await using server = startCounting(() => ({ bytes: response("hi"), closes: true }));
  const { run } = await runHtstress(
    load(server.url, { isKeepAlive: true, concurrency: 1, ratePerSecond: 10, requests: 10 }),
  );
  assert.equal(run.good, 10);
  assert.equal(server.connections, 10);
}, timed);

eachLoad("runHtstress() sends to several URLs in turn, also of several servers", async (load) => {
  await using a = startCounting();
  await using b = startCounting();
  for (const isKeepAlive of [false, true]) {
    a.seen.length = b.seen.length = 0;
    const urls = [`${a.url}one`, `${a.url}two`, `${b.url}three`];
    const { run } = await runHtstress(load(urls, { isKeepAlive, requests: 300 }));
    assert.equal(run.good, 300);
    const targets = [...a.seen, ...b.seen].map((request) => request.target);
    for (const target of ["/one", "/two", "/three"]) {
      assert.equal(targets.filter((other) => other === target).length, 100, target);
    }
    assert.equal(b.seen.length, 100);
  }
});

eachLoad("runHtstress() pipelines several URLs of one server in turn", async (load) => {
  await using server = startCounting();
  const urls = ["a", "b", "c"].map((path) => server.url + path);
  await runHtstress(load(urls, { isKeepAlive: true, pipeline: 4, requests: 50, concurrency: 1 }));
  const targets = server.seen.map((request) => request.target).join("");
  assert.equal(targets, "/a/b/c".repeat(17).slice(0, 100));
});

eachLoad("runHtstress() sends method, headers, Host and content as asked", async (load) => {
  await using server = startCounting();
  const headers = [["X-One", "1"], ["Host", "example.org"]] as const;
  const body = new TextEncoder().encode("hello");
  const changes = { method: "PUT", headers: [...headers], body, requests: 3 };
  await runHtstress(load(`${server.url}a?b=c#d`, { ...changes, isKeepAlive: true }));
  await runHtstress(load(server.url, { host: "other", requests: 1, headers: [["X", "y"]] }));
  const [first, , , last] = server.seen;
  assert.deepEqual([first.method, first.target, first.version], ["PUT", "/a?b=c", "HTTP/1.1"]);
  assert.deepEqual(
    [...first.fields],
    [["x-one", "1"], ["host", "example.org"], ["content-length", "5"]],
  );
  assert.equal(first.body, "hello");
  assert.deepEqual([last.method, last.version, last.fields.get("host")], [
    "GET",
    "HTTP/1.0",
    "other",
  ]);
});

eachLoad(
  "runHtstress() reads large content and sends large content at the same time",
  async (load) => {
    // An echo that starts to answer before it has read all: both buffers of the socket fill up.
    const content = "0123456789abcdef".repeat(1 << 18);
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => new Response(request.body),
    );
    const digest = createHash("sha256").update(content).digest("hex");
    for (const isKeepAlive of [true, false]) {
      const { run } = await runHtstress(
        load(`http://127.0.0.1:${server.addr.port}/`, {
          isKeepAlive,
          requests: 6,
          concurrency: 2,
          method: "POST",
          body: new TextEncoder().encode(content),
          expectBodySha256: digest,
        }),
      );
      assert.deepEqual([run.good, run.unwanted, run.errors], [6, 0, NO_ERRORS]);
      assert.ok(run.bytesIn > 6 * content.length);
    }
  },
);

eachLoad("runHtstress() notices the end behind more than one read brings", async (load) => {
  const size = 300_000;
  const answer = new TextEncoder().encode(`HTTP/1.0 200 OK\r\n\r\n${"x".repeat(size)}`);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(1000));
      for (let sent = 0; sent < answer.length;) sent += await conn.write(answer.subarray(sent));
      // The FIN comes while most of it is still to be read.
      conn.close();
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  const url = `http://127.0.0.1:${port}/`;
  const { run } = await runHtstress(
    load(url, { isKeepAlive: false, requests: 40, concurrency: 1, timeoutMs: 2000 }),
  );
  listener.close();
  await serving;
  assert.deepEqual([run.good, run.errors], [40, NO_ERRORS]);
});

eachLoad("runHtstress() gives HEAD no content to wait for", async (load) => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  await using server = startCounting(() => ({ bytes: head }));
  const { run } = await runHtstress(load(server.url, { isKeepAlive: true, method: "HEAD" }));
  assert.deepEqual([run.good, server.seen.length], [100, 100]);
});

eachLoad("runHtstress() tells good from bad by status", async (load) => {
  const statuses = [200, 204, 301, 404, 500];
  await using server = startCounting((_, index) => ({ bytes: response("", statuses[index % 5]) }));
  const expected = Object.fromEntries(statuses.map((status) => [status, 20]));
  const one = await runHtstress(load(server.url, { isKeepAlive: true }));
  assert.deepEqual([one.run.good, one.run.unwanted, one.run.statuses], [60, 40, expected]);
  const two = await runHtstress(
    load(server.url, { isKeepAlive: true, expectStatus: [404, 500, 301] }),
  );
  assert.deepEqual([two.run.good, two.run.unwanted], [60, 40]);
  const samples: RequestSample[] = [];
  const onSamples = (portion: RequestSample[]) => samples.push(...portion);
  await runHtstress(load(server.url, { isKeepAlive: true }), { onSamples });
  assert.equal(samples.filter(({ result }) => result === "bad").length, 40);
});

eachLoad("runHtstress() compares the content with the expected digest", async (load) => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  const answers = [response("hi"), response("ho"), response("hi", 500), chunked];
  await using server = startCounting((_, index) => ({ bytes: answers[index % 4] }));
  const expectBodySha256 = createHash("sha256").update("hi").digest("hex");
  for (const isKeepAlive of [true, false]) {
    const { run } = await runHtstress(load(server.url, { isKeepAlive, expectBodySha256 }));
    assert.deepEqual([run.good, run.unwanted], [50, 50]);
  }
});

/** So many that their p99 is not their maximum. */
const REQUESTS = 300;

eachLoad("runHtstress() hands out a sample for each request", async (load) => {
  await using server = startCounting();
  for (
    const changes of [{ threads: 2 }, { isKeepAlive: true }, { isKeepAlive: true, pipeline: 4 }]
  ) {
    const samples: RequestSample[] = [];
    const { run, histograms } = await runHtstress(
      load(server.url, { requests: REQUESTS, ...changes }),
      {
        onSamples: (portion) => samples.push(...portion),
      },
    );
    assert.equal(samples.length, REQUESTS);
    assert.equal(run.good, REQUESTS);
    assert.ok(samples.every(({ result, status }) => result === "good" && status === 200));
    assert.equal(new Set(samples.map(({ thread, seq }) => `${thread} ${seq}`)).size, REQUESTS);
    const connects = samples.filter(({ connectUs }) => connectUs !== null);
    assert.equal(connects.length, histograms.connect.count);
    const latencies = samples.map(({ latencyUs }) => latencyUs!).sort((a, b) => a - b);
    const exact = latencies[Math.ceil(0.99 * REQUESTS) - 1];
    assert.ok(Math.abs(histograms.latency.percentileUs(99) / exact - 1) < 0.002);
    assert.ok(samples.every(({ ttfbUs, latencyUs }) => ttfbUs! <= latencyUs!));
  }
});

eachLoad("runHtstress() reaches IPv6, names and Unix domain sockets", async (load, engine) => {
  let count = 0;
  const handler = () => {
    count++;
    return new Response("hi");
  };
  const path = await Deno.makeTempFile();
  await Deno.remove(path);
  const onListen = () => {};
  await using six = Deno.serve({ hostname: "::1", port: 0, onListen }, handler);
  await using four = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, handler);
  await using unix = Deno.serve({ path, onListen }, handler);
  assert.equal(unix.addr.transport, "unix");
  const targets: [string, Partial<HtstressOptions>][] = [
    [`[::1]:${six.addr.port}`, {}],
    [`http://[::1]:${six.addr.port}/x`, { family: 6 }],
    [`localhost:${four.addr.port}`, { family: 4 }],
    ["http://any/", { unixPath: path }],
  ];
  for (const [url, changes] of targets) {
    // Only the runtime has a socket of its own for each.
    for (const isKeepAlive of engine === "deno" ? [true, false] : [true]) {
      count = 0;
      const { run } = await runHtstress(load(url, { ...changes, isKeepAlive, requests: 20 }));
      assert.deepEqual([run.good, count], [20, 20], `${url} ${isKeepAlive}`);
    }
  }
  await Deno.remove(path).catch(() => {});
});

Deno.test("runHtstress() speaks TLS, and refuses an unknown certificate", async () => {
  const cert = await Deno.readTextFile(new URL("../../data/tls/cert.pem", import.meta.url));
  const key = await Deno.readTextFile(new URL("../../data/tls/key.pem", import.meta.url));
  let count = 0;
  await using tls = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} },
    () => {
      count++;
      return new Response("hi");
    },
  );
  const url = `https://localhost:${tls.addr.port}/`;
  for (const isKeepAlive of [true, false]) {
    count = 0;
    const { run } = await runHtstress(
      load(url, { isInsecure: true, family: 4, isKeepAlive, requests: 20 }),
    );
    assert.deepEqual([run.good, count], [20, 20]);
  }
  const { run } = await runHtstress(load(url, { family: 4, requests: 2 }));
  assert.deepEqual([run.errors.tls, run.faults.length], [2, 1]);
  assert.match(run.faults[0].reason, /certificate/);
});
