/** What a server does when its memory is taken: it refuses, it answers others, and it stays up. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { type PartialServerOptions, serve, sumCounters } from "../../../servers/mod.ts";
import { latin1Bytes } from "../../../bench/check/latin1.ts";
import { exchange, RawClient } from "../../../bench/check/http/raw_client.ts";
import { fieldOf } from "../../../bench/check/http/response_reader.ts";
import { FEW_SETUPS, possible, serverOptions } from "../../support/setups.ts";

const MAX_CONNECTIONS = 12;
const DEADLINE_MS = 20_000;
const GET = latin1Bytes("GET /a.bin HTTP/1.1\r\nHost: a\r\n\r\n");

/** Runs `test` with a server of each setup. */
async function withServers(
  options: PartialServerOptions,
  test: (server: {
    address: { hostname: string; port: number };
    label: string;
    overloads: () => Promise<number>;
  }) => Promise<void>,
): Promise<void> {
  for (const setup of possible(FEW_SETUPS)) {
    const server = await serve({
      maxConnections: MAX_CONNECTIONS,
      workers: 1,
      onNote: () => {},
      ...options,
      ...serverOptions(setup),
    });
    try {
      await test({
        address: { hostname: "127.0.0.1", port: server.port },
        label: setup.label,
        overloads: async () =>
          sumCounters((await server.observe()).threads.flatMap(({ counters }) => counters ?? []))
            .overloads,
      });
    } finally {
      await server.stop(100);
    }
  }
}

Deno.test("with its memory full of content a server refuses with 503, and times heads out", () =>
  withServers({
    service: { kind: "http", content: "echo", limits: DEFAULT_LIMITS },
    // A client may wait as long as a head may take for a Worker of its own to start.
    timeouts: { contentMs: 1000, headMs: 1000, lingerMs: 200 },
  }, async ({ address, label, overloads }) => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n";
    const upload = latin1Bytes(head + "x".repeat(1_000_000));
    const uploads = await Promise.all(
      Array.from({ length: 5 }, () => RawClient.connect(address, ["POST"])),
    );
    await Promise.all(uploads.map((client) => client.send(upload)));
    await Promise.any(uploads.map(async (client) => {
      const { responses } = await client.untilFinals(1, DEADLINE_MS);
      assert.equal(responses[0].status, 503, label);
    }));
    const heads = await Promise.all(Array.from({ length: 3 }, () => RawClient.connect(address)));
    await Promise.all(heads.map((client) => client.send(GET.subarray(0, 9))));
    const ends = (clients: RawClient[]) =>
      Promise.all(clients.map((client) => client.untilClosed(DEADLINE_MS)));
    for (const { responses, end } of await ends(heads)) {
      assert.deepEqual([responses.map(({ status }) => status), end], [[408], "closed"], label);
    }
    let refused = 0;
    for (const { responses, end } of await ends(uploads)) {
      assert.deepEqual([responses.length, end], [1, "closed"], label);
      assert.ok([408, 503].includes(responses[0].status), `${label}: ${responses[0].status}`);
      assert.equal(fieldOf(responses[0], "connection"), "close", label);
      if (responses[0].status === 503) ++refused;
    }
    await Promise.all([...uploads, ...heads].map((client) => client.close()));
    assert.ok(refused >= 1, label);
    assert.equal(await overloads(), refused, label);
    const { responses } = await exchange(address, [GET], { until: 1, deadlineMs: DEADLINE_MS });
    assert.equal(responses[0].status, 200, label);
  }));

Deno.test("clients that pipeline and do not read leave the others what they need", async () => {
  const root = await Deno.makeTempDir({ prefix: "ktcp-overload-" });
  try {
    Deno.writeFileSync(`${root}/a.bin`, new Uint8Array(5000));
    const maxConnections = 5;
    await withServers({
      maxConnections,
      service: { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS },
    }, async ({ address, label, overloads }) => {
      const pipelined = new Uint8Array(2000 * GET.length);
      for (let at = 0; at < pipelined.length; at += GET.length) pipelined.set(GET, at);
      const greedy: Deno.TcpConn[] = [];
      const sending: Promise<unknown>[] = [];
      try {
        for (let i = 0; i < maxConnections - 1; ++i) {
          const conn = await Deno.connect(address);
          greedy.push(conn);
          sending.push(conn.write(pipelined).catch(() => {}));
          // The first finds the file kept, the last the answers of all before it on their way.
          if (i > 0 && i < maxConnections - 2) continue;
          const { responses } = await exchange(address, [GET, GET, GET], {
            until: 3,
            deadlineMs: DEADLINE_MS,
          });
          assert.deepEqual(responses.map(({ status }) => status), [200, 200, 200], label);
        }
        assert.equal(await overloads(), 0, label);
      } finally {
        greedy.forEach((conn) => conn.close());
        await Promise.all(sending);
      }
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("heads longer than a block come whole, and leave other connections alone", async () => {
  const root = await Deno.makeTempDir({ prefix: "ktcp-overload-" });
  const headers = [["X-A", "a".repeat(30_000)], ["X-B", "b".repeat(30_000)]] as const;
  try {
    Deno.writeTextFileSync(`${root}/a.bin`, "content");
    const directory = { root, headers };
    await withServers({
      service: { kind: "http", content: "dir", directory, limits: DEFAULT_LIMITS },
    }, async ({ address, label }) => {
      // Blocks are taken in turn: the freed one lies before that of a request in progress.
      const clients = [];
      for (let i = 0; i < 3; ++i) clients.push(await RawClient.connect(address));
      const [first, second, third] = clients;
      await third.send(GET.subarray(0, 30));
      await second.close();
      await first.send(GET);
      const answers = [await first.untilFinals(1, DEADLINE_MS)];
      await third.send(GET.subarray(30));
      answers.push(await third.untilFinals(1, DEADLINE_MS));
      for (const { responses: [response], fault } of answers) {
        assert.equal(fault, undefined, label);
        assert.deepEqual([response?.status, response?.body], [200, "content"], label);
        for (const [name, value] of headers) assert.equal(fieldOf(response, name), value, label);
      }
      await Promise.all([first.close(), third.close()]);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
