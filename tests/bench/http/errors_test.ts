/** Servers that fail, and the kind under which each failure is counted. */
import assert from "node:assert/strict";
import { CLIENT_ENGINES, type ClientEngine } from "../../../bench/load/engine.ts";
import { eachLoad, type Load } from "../../support/client_engines.ts";
import { type HtstressOptions, runHtstress } from "../../../bench/http/htstress.ts";
import type { RequestSample } from "../../../bench/result.ts";
import type { HttpErrors } from "../../../bench/result.ts";
import {
  type Handler,
  startNone,
  startServer,
  type TestServer,
} from "../../support/echo_servers.ts";
import {
  load,
  NO_ERRORS,
  readRequests,
  response,
  sendAndClose,
  startCounting,
  startResetting,
} from "../../support/http_load_servers.ts";
import { timed } from "../../support/attempts.ts";

/** Both ways to load: they have different sockets underneath. */
const MODES = [false, true];

/**
 * One of the ways, for each row of a table and each engine another one: whether a response is right is found
 * out by the same parser in all of them, and every way meets it with every second row.
 */
function modeOf(row: number, engine: ClientEngine): boolean[] {
  return [(row + CLIENT_ENGINES.indexOf(engine)) % 2 === 0];
}

const REQUESTS = 40;

interface Expecting {
  changes?: Partial<HtstressOptions>;
  /** Whether a sample of each request is asked for, run by run. Default: in one run, so. */
  sampled?: readonly boolean[];
  /** Default: both. */
  modes?: readonly boolean[];
}

/** Loads `server` in each mode; all requests have to fail as `kind`. */
async function expectAll(
  load: Load,
  server: TestServer,
  kind: keyof HttpErrors,
  { changes, sampled = [true], modes = MODES }: Expecting = {},
): Promise<void> {
  for (const isKeepAlive of modes) {
    const options = load(`127.0.0.1:${server.port}`, {
      requests: REQUESTS,
      isKeepAlive,
      ...changes,
    });
    for (const isSampled of sampled) {
      const samples: RequestSample[] = [];
      const onSamples = isSampled ? (part: RequestSample[]) => samples.push(...part) : undefined;
      const { run } = await runHtstress(options, { onSamples });
      const mode = isKeepAlive ? "keep-alive" : "close";
      assert.deepEqual(run.errors, { ...NO_ERRORS, [kind]: REQUESTS }, mode);
      assert.equal(run.faults.reduce((sum, fault) => sum + fault.count, 0), REQUESTS);
      assert.ok(run.faults.every((fault) => fault.kind === kind && fault.example !== ""), mode);
      assert.deepEqual([run.good, run.unwanted, run.statuses], [0, 0, {}], mode);
      assert.equal(run.latencyUs.count, 0);
      if (isSampled) {
        assert.deepEqual(samples.map(({ result }) => result), Array(REQUESTS).fill(kind));
      }
    }
  }
}

const VAIN: Record<string, Partial<HtstressOptions>> = {
  "without end": { requests: 0 },
  "of few requests": { requests: 3 },
  "of a thread without a request": { requests: 1, threads: 2 },
  "of several threads": { requests: 0, threads: 2 },
  "with a warm-up": { requests: 0, warmupMs: 60_000 },
  "at a low rate": { requests: 0, ratePerSecond: 0.1 },
};

for (const [row, [name, changes]] of Object.entries(VAIN).entries()) {
  eachLoad(
    `runHtstress() ends at once when nobody listens: a load ${name}`,
    async (load, engine) => {
      await using server = await startNone();
      for (const isKeepAlive of modeOf(row, engine)) {
        const options = load(`127.0.0.1:${server.port}`, { isKeepAlive, ...changes });
        await assert.rejects(runHtstress(options), {
          name: "NobodyListens",
          message: `Nobody listens on 127.0.0.1:${server.port}; start a server there, such as ` +
            `'ktcp http --port ${server.port}'`,
        });
      }
    },
  );
}

eachLoad("runHtstress() says why it cannot reach a Unix domain socket", async (load) => {
  for (const isKeepAlive of MODES) {
    const unixPath = "/tmp/there/is/no/such.sock";
    await assert.rejects(
      runHtstress(load("http://any/", { unixPath, isKeepAlive, requests: 3 })),
      /^NobodyListens: Cannot connect to unix:\/tmp\/there\/is\/no\/such\.sock: \w/,
    );
  }
});

eachLoad("runHtstress() counts refusals once somebody was there", async (load) => {
  for (const isKeepAlive of MODES) {
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = server.addr;
    const serving = (async () => {
      const conn = await server.accept();
      server.close();
      for await (const _ of readRequests(conn)) {
        await conn.write(new TextEncoder().encode(response("hi", 200, "Connection: close\r\n")));
        return conn.close();
      }
    })();
    const { run } = await runHtstress(
      load(`127.0.0.1:${port}`, { isKeepAlive, requests: 10, concurrency: 1 }),
    );
    await serving;
    assert.deepEqual([run.good, run.errors.refused, run.window.answered], [1, 9, 1]);
    assert.deepEqual(run.faults, [{
      kind: "refused",
      reason: "nobody listens (ECONNREFUSED)",
      count: 9,
      example: `127.0.0.1:${port}`,
    }]);
  }
});

eachLoad("runHtstress() counts resets, before and within a response", async (load) => {
  {
    await using server = await startResetting();
    await expectAll(load, server, "reset");
  }
  await using server = await startResetting(response("0123456789").slice(0, -3));
  await expectAll(load, server, "reset", { sampled: [false, true] });
});

const TRUNCATED: Record<string, string> = {
  "a status line": "HTTP/1.1 200 O",
  "a field": "HTTP/1.1 200 OK\r\nContent-Le",
  "a head": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
  "content": response("0123456789").slice(0, -1),
  "a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
  "a chunked response": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
};

for (const [row, [name, bytes]] of Object.entries(TRUNCATED).entries()) {
  eachLoad(`runHtstress() counts ${name} that is cut short as truncated`, async (load, engine) => {
    await using server = startServer(sendAndClose(bytes));
    await expectAll(load, server, "truncated", { modes: modeOf(row, engine) });
  });
}

const GARBAGE: Record<string, string> = {
  "noise": "\x16\x03\x01\x00",
  "text": "hello there, this is no HTTP\r\n",
  "a wrong version": "HTTP/3 200 OK\r\n\r\n",
  "a status that is no number": "HTTP/1.1 OK 200\r\n\r\n",
  "a field without a colon": "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  "a chunk that is none": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "more content than its length": response("hi") + "more",
  "a second response": response("hi") + response("hi"),
};

for (const [row, [name, bytes]] of Object.entries(GARBAGE).entries()) {
  eachLoad(`runHtstress() counts ${name} as garbage`, async (load, engine) => {
    await using server = startServer(sendAndClose(bytes));
    await expectAll(load, server, "garbage", { modes: modeOf(row, engine) });
  });
}

eachLoad("runHtstress() counts content behind a response that closes as garbage", async (load) => {
  const late: Handler = async (conn) => {
    for await (const _ of readRequests(conn)) {
      const encoder = new TextEncoder();
      await conn.write(encoder.encode(response("hi", 200, "Connection: close\r\n")));
      // Behind an answer to nothing, so in a segment of its own.
      await new Promise((resolve) => setTimeout(resolve, 5));
      await conn.write(encoder.encode("more"));
      return;
    }
  };
  await using server = startServer(late);
  await expectAll(load, server, "garbage");
});

eachLoad(
  "runHtstress() counts a connection that ends before a response as closed",
  async (load) => {
    await using server = startServer(sendAndClose(""));
    await expectAll(load, server, "closed", { sampled: [false, true] });
  },
);

eachLoad(
  "runHtstress() counts a server that never answers, or never goes on, as timeout",
  async (load) => {
    for (const bytes of ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"]) {
      const silent: Handler = async (conn) => {
        for await (const _ of readRequests(conn)) await conn.write(new TextEncoder().encode(bytes));
      };
      await using server = startServer(silent);
      const beginMs = performance.now();
      await expectAll(load, server, "timeout", {
        changes: { timeoutMs: 100, concurrency: 20 },
        sampled: [bytes !== ""],
      });
      const seconds = (performance.now() - beginMs) / 1000;
      assert.ok(seconds < 4, `${seconds} s for 2 runs of 2 x 100 ms`);
    }
  },
);

eachLoad("runHtstress() goes on behind failures, and counts each once", async (load) => {
  const answers = [
    response("ok"),
    "garbage",
    "",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
  ];
  await using server = startCounting((_, index) => {
    const bytes = answers[index % answers.length];
    return { bytes, closes: bytes !== answers[0] };
  });
  for (const isKeepAlive of MODES) {
    server.seen.length = 0;
    const { run } = await runHtstress(load(server.url, { isKeepAlive, concurrency: 3 }));
    assert.deepEqual(run.errors, { ...NO_ERRORS, truncated: 25, garbage: 25, closed: 25 });
    assert.equal(run.good, 25);
    assert.equal(server.seen.length, 100);
  }
});

eachLoad("runHtstress() counts all requests of a batch that is not answered", async (load) => {
  await using server = startServer(sendAndClose(response("hi").repeat(3)));
  const { run } = await runHtstress(
    load(`127.0.0.1:${server.port}`, {
      isKeepAlive: true,
      pipeline: 10,
      requests: 100,
      concurrency: 1,
    }),
  );
  assert.equal(run.good, 30);
  assert.equal(run.errors.closed + run.errors.reset, 70);
});

eachLoad("runHtstress() forgives empty lines behind a response", async (load) => {
  await using server = startCounting(() => ({ bytes: response("hi") + "\r\n" }));
  for (const isKeepAlive of MODES) {
    const { run } = await runHtstress(load(server.url, { isKeepAlive }));
    assert.equal(run.good, 100);
  }
});

eachLoad(
  "runHtstress() takes a response whose end only the connection's end tells",
  async (load) => {
    await using server = startServer(sendAndClose("HTTP/1.0 200 OK\r\n\r\nto the end"));
    for (const isKeepAlive of MODES) {
      const { run } = await runHtstress(load(`127.0.0.1:${server.port}`, { isKeepAlive }));
      assert.deepEqual([run.good, run.connectUs.count], [100, 100]);
    }
  },
);

eachLoad(
  "runHtstress() does not wait for a server that announces to close and does not",
  async (load) => {
    const lazy: Handler = async (conn) => {
      const bytes = new TextEncoder().encode(response("hi", 200, "Connection: close\r\n"));
      for await (const _ of readRequests(conn)) await conn.write(bytes);
    };
    await using server = startServer(lazy);
    const { run } = await runHtstress(
      load(`127.0.0.1:${server.port}`, { requests: 4, timeoutMs: 100 }),
    );
    assert.equal(run.good, 4);
    assert.ok(run.latencyUs.max! < 90_000, "the response was complete before");
  },
  timed,
);

eachLoad("runHtstress() ends early when it is told to, with what there is", async (load) => {
  const answered = Promise.withResolvers<void>();
  await using server = startCounting((_, index) => {
    if (index === 10) answered.resolve();
    return index < 20 ? { bytes: response("hi") } : new Promise(() => {});
  });
  const controller = new AbortController();
  answered.promise.then(() => controller.abort());
  const { run } = await runHtstress(
    load(server.url, { isKeepAlive: true, requests: 1_000_000, concurrency: 1 }),
    { signal: controller.signal },
  );
  assert.ok(run.good >= 10 && run.good <= 20, `${run.good}`);
  assert.equal(run.errors.timeout + run.errors.closed, 0);
});

Deno.test("runHtstress() says which name it cannot find", async () => {
  await assert.rejects(
    runHtstress(load("http://no-such-host.invalid/")),
    /Cannot find an address of 'no-such-host\.invalid' in http:\/\/no-such-host\.invalid\/; check/,
  );
  await assert.rejects(runHtstress(load("127.0.0.1:1", { family: 6 })), /IPv6 address/);
});
