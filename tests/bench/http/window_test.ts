/** What the load client says it did not do: what was due and not sent, and what ended too late. */
import assert from "node:assert/strict";
import { type HtstressOptions, runHtstress } from "../../../bench/http/htstress.ts";
import { htstressResult, type HttpErrors } from "../../../bench/result.ts";
import { CLIENT_ENGINES } from "../../../bench/load/engine.ts";
import { eachLoad } from "../../support/client_engines.ts";
import { timed } from "../../support/attempts.ts";
import { type Handler, startServer } from "../../support/echo_servers.ts";
import {
  load,
  NO_ERRORS,
  readRequests,
  response,
  startCounting,
} from "../../support/http_load_servers.ts";
import { sleep } from "../../../system/wait.ts";

/** Answers each request after `ms`. */
function startSlow(ms: number) {
  return startCounting(async () => {
    await sleep(ms);
    return { bytes: response("hi") };
  });
}

const KEEP = { isKeepAlive: true, requests: 0 };

const OPEN_LOOPS: Record<string, [changes: Partial<HtstressOptions>, due: number, sent: number]> = {
  // Every 100 ms and a little a connection is free: at 0, 100, 200, 300 ms.
  "one connection": [{ concurrency: 1 }, 40, 4],
  "two threads": [{ concurrency: 1, threads: 2 }, 40, 8],
  "a connection a request": [{ concurrency: 1, isKeepAlive: false }, 40, 4],
  "enough connections": [{ concurrency: 30 }, 40, 40],
  "a warm-up": [{ concurrency: 1, warmupMs: 150 }, 40, 4],
  "a ramp": [{ concurrency: 1, rampMs: 200 }, 30, 4],
  "a number of requests": [{ concurrency: 1, requests: 3 }, 3, 3],
  "a number that is not reached": [{ concurrency: 1, requests: 12 }, 12, 4],
  "a fraction": [{ concurrency: 1, ratePerSecond: 2.5 }, 1, 1],
};

for (const [name, [changes, due, sent]] of Object.entries(OPEN_LOOPS)) {
  eachLoad(`runHtstress() says what an open loop did not send: ${name}`, async (load) => {
    await using server = startSlow(100);
    const options = { ...KEEP, durationMs: 400, ratePerSecond: 100, ...changes };
    const { run, histograms } = await runHtstress(load(server.url, options));
    const { schedule, window } = run;
    assert.deepEqual([schedule!.due, schedule!.sent, schedule!.unsent], [due, sent, due - sent]);
    assert.equal(schedule!.ratePerSecond, options.ratePerSecond);
    assert.equal(schedule!.lateUs.count, sent);
    assert.equal(run.good, sent, "what was sent is counted");
    assert.equal(window.answered + window.inFlight, sent);
    assert.equal(histograms.latency.count, sent);
    if (name === "one connection") {
      // Request 3 was due at 30 ms, and a connection is free for it at 300 ms.
      const { max } = schedule!.lateUs;
      assert.ok(max! > 265_000 && max! < 365_000, `${max}`);
      // Its latency counts from when it was due: an answer takes 100 ms.
      assert.ok(run.latencyUs.max! > 365_000, `${run.latencyUs.max}`);
    }
  }, timed);
}

timed("runHtstress() ends what was due with Ctrl-C", async () => {
  const controller = new AbortController();
  await using server = startCounting(async (_, index) => {
    if (index === 0) setTimeout(() => controller.abort(), 250);
    await sleep(100);
    return { bytes: response("hi") };
  });
  const options = { ...KEEP, concurrency: 1, ratePerSecond: 100 };
  const { run } = await runHtstress(load(server.url, options), { signal: controller.signal });
  const { due, sent, unsent } = run.schedule!;
  // The thread notices the end within 100 ms.
  assert.equal(due - sent, unsent);
  assert.ok(sent >= 1 && sent <= 4, `${sent} sent`);
  assert.ok(due > sent && due <= 36, `${due} due`);
  assert.ok(Math.abs(due - run.seconds * 100) <= 1, `${due} due in ${run.seconds} s`);
});

eachLoad("runHtstress() lets no hung request stretch the measured time", async (load) => {
  for (const isKeepAlive of [true, false]) {
    await using server = startCounting(async (_, index) => {
      if (index === 5) await sleep(900);
      return { bytes: response("hi") };
    });
    const { run, histograms } = await runHtstress(
      load(server.url, { ...KEEP, isKeepAlive, durationMs: 300, concurrency: 2 }),
    );
    assert.equal(run.seconds, 0.3);
    assert.equal(run.good, server.seen.length);
    const { window } = run;
    assert.ok(window.inFlight >= 1 && window.inFlight <= 2, `${window.inFlight} in flight`);
    assert.equal(window.abandoned, 0);
    assert.equal(window.answered, run.good - window.inFlight);
    assert.ok(window.drainSeconds > 0.5 && window.drainSeconds < 5, `${window.drainSeconds} s`);
    assert.equal(window.bytesIn, window.answered * response("hi").length);
    assert.equal(histograms.latency.count, run.good, "the hung one has a latency");
    assert.ok(run.latencyUs.max! > 890_000);
    const { requestsPerSecond } = htstressResult("1", run);
    assert.ok(Math.abs(requestsPerSecond - window.answered / 0.3) < 0.01);
  }
});

eachLoad("runHtstress() counts what it gives up after Ctrl-C", async (load) => {
  const asked = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  await using server = startCounting(async (_, index) => {
    if (index === 7) asked.resolve();
    if (index >= 5) await over.promise;
    return { bytes: response("hi") };
  });
  const controller = new AbortController();
  asked.promise.then(() => controller.abort());
  const { run } = await runHtstress(
    load(server.url, { ...KEEP, concurrency: 3 }),
    { signal: controller.signal },
  );
  over.resolve();
  assert.deepEqual([run.good, run.window.answered], [5, 5]);
  assert.deepEqual([run.window.inFlight, run.window.abandoned], [3, 3]);
  assert.equal(server.seen.length, run.good + run.window.abandoned);
});

eachLoad(
  "runHtstress() counts failures after the end as in flight, and not in the rate",
  async (load) => {
    const over = Promise.withResolvers<void>();
    await using server = startCounting(async (_, index) => {
      if (index > 0) await over.promise;
      return { bytes: response("hi") };
    });
    const { run } = await runHtstress(
      load(server.url, { ...KEEP, concurrency: 2, durationMs: 100, timeoutMs: 200 }),
    );
    over.resolve();
    assert.deepEqual([run.good, run.errors.timeout], [1, 2]);
    assert.deepEqual([run.window.answered, run.window.inFlight, run.seconds], [1, 2, 0.1]);
    assert.equal(htstressResult("1", run).requestsPerSecond, 10);
  },
);

/** What a server sends, and how that is counted and explained. */
const FAULTS: Record<
  string,
  [bytes: string, kind: keyof HttpErrors, reason: string, example: string | RegExp]
> = {
  "a bare LF": [
    "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
    "garbage",
    "a line ends with LF alone",
    "HTTP/1.1 200 OK\\nContent-Length: 2\\n\\nhi",
  ],
  "a field without a colon": [
    "HTTP/1.1 200 OK\r\nnon sense\r\n\r\n",
    "garbage",
    "a field name is malformed",
    "non sense\\r\\n\\r\\n",
  ],
  "bytes that nothing asked for": [
    response("hi") + "\x00more",
    "garbage",
    "bytes follow the response that its framing does not cover",
    "\\x00more",
  ],
  "a response that is cut short": [
    response("0123").slice(0, -1),
    "truncated",
    "the connection ended within it",
    /^127\.0\.0\.1:\d+$/,
  ],
  "nothing": [
    "",
    "closed",
    "the server closed the connection before it answered",
    /^127\.0\.0\.1:\d+$/,
  ],
  "an alert of TLS": [
    "\x15\x03\x03\x00\x02\x02\x32",
    "protocol",
    "the server speaks TLS; try https://",
    "\\x15\\x03\\x03\\x00\\x02\\x022",
  ],
  "the settings of HTTP/2": [
    "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
    "protocol",
    "the server speaks HTTP/2, not HTTP/1.1",
    /^\\x00\\x00\\x06\\x04/,
  ],
};

/** With connections that are kept or not, with samples or without: what a fault is told by, differs. */
const WAYS = [[true, false], [false, true], [true, true], [false, false]] as const;

for (const [row, [name, [bytes, kind, reason, example]]] of Object.entries(FAULTS).entries()) {
  eachLoad(`runHtstress() explains ${name}`, async (load, engine) => {
    const latin1 = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
    const handler: Handler = async (conn) => {
      for await (const _ of readRequests(conn)) {
        await conn.write(latin1);
        return;
      }
    };
    await using server = startServer(handler);
    // The same parser finds the fault in each of them: each engine has another one for each fault.
    const [isKeepAlive, isSampled] = WAYS[(row + CLIENT_ENGINES.indexOf(engine)) % WAYS.length];
    const { run } = await runHtstress(
      load(`127.0.0.1:${server.port}`, { isKeepAlive, requests: 4, concurrency: 1 }),
      { onSamples: isSampled ? () => {} : undefined },
    );
    assert.deepEqual(run.errors, { ...NO_ERRORS, [kind]: 4 });
    const [fault, ...others] = run.faults;
    assert.deepEqual([fault.kind, fault.reason, fault.count, others], [kind, reason, 4, []]);
    if (typeof example === "string") assert.equal(fault.example, example);
    else assert.match(fault.example, example);
  });
}

/** A fatal alert that no protocol is common to both sides (RFC 8446 section 6, RFC 7301 section 3.2). */
const NO_APPLICATION_PROTOCOL = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 120);

Deno.test("runHtstress() names what is wrong with TLS", async () => {
  const read = (name: string) =>
    Deno.readTextFile(new URL(`../../data/tls/${name}`, import.meta.url));
  const [cert, key] = await Promise.all([read("cert.pem"), read("key.pem")]);
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const certified = (async () => {
    for (;;) {
      try {
        const conn = await listener.accept();
        await conn.handshake().catch(() => {});
        conn.close();
      } catch (error) {
        // Others say that a client has given up before it was accepted.
        if (error instanceof Deno.errors.BadResource) return;
      }
    }
  })();
  // A listener of Deno with `alpnProtocols: ["h2"]` closes now and then before it has sent its alert.
  await using h2 = startServer(async (conn) => {
    await conn.read(new Uint8Array(1000));
    await conn.write(NO_APPLICATION_PROTOCOL);
  });
  await using closing = startServer(async (conn) => void await conn.read(new Uint8Array(1000)));
  await using plain = startServer(async (conn) => {
    await conn.read(new Uint8Array(1000));
    await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  const cases: [port: number, kind: keyof HttpErrors, reason: RegExp, isInsecure: boolean][] = [
    [plain.port, "tls", /^the server does not speak TLS; try http:\/\/$/, false],
    [closing.port, "tls", /^the server ended the TLS handshake$/, false],
    [(listener.addr as Deno.NetAddr).port, "tls", /certificate/i, false],
    [h2.port, "protocol", /^the server offers no HTTP\/1\.1 over TLS$/, true],
  ];
  for (const [port, kind, reason, isInsecure] of cases) {
    const { run } = await runHtstress(
      load(`https://localhost:${port}/`, { family: 4, requests: 2, concurrency: 1, isInsecure }),
    );
    assert.deepEqual(run.errors, { ...NO_ERRORS, [kind]: 2 }, `${reason}`);
    assert.match(run.faults[0].reason, reason);
    assert.equal(run.faults[0].example, `127.0.0.1:${port}`);
  }
  listener.close();
  await certified;
});
