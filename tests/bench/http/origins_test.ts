/** Names with several addresses: which are used, and how. */
import assert from "node:assert/strict";
import { runHtstress } from "../../../bench/http/htstress.ts";
import { findOrigins, type OriginOptions } from "../../../bench/http/origins.ts";
import { parseHttpUrl } from "../../../bench/http/target.ts";
import { formatAddress } from "../../../system/address.ts";
import { startBlackHole } from "../../support/black_hole.ts";
import { load, readRequests, response } from "../../support/http_load_servers.ts";

/** An HTTP server on `hostname` that counts its connections. */
function listen(hostname: string, port = 0) {
  const listener = Deno.listen({ hostname, port });
  const server = {
    port: listener.addr.port,
    connections: 0,
    hosts: new Set<string | undefined>(),
    [Symbol.dispose]: () => listener.close(),
  };
  (async () => {
    for await (const conn of listener) {
      server.connections++;
      (async () => {
        for await (const { fields } of readRequests(conn)) {
          server.hosts.add(fields.get("host"));
          await conn.write(new TextEncoder().encode(response("hi")));
        }
        conn.close();
      })().catch(() => {});
    }
  })();
  return server;
}

function find(text: string, options: Partial<OriginOptions>) {
  return findOrigins([parseHttpUrl(text)], { timeoutMs: 5000, isInsecure: false, ...options });
}

/** Answers every look-up with `addresses`, and notes the names. */
function answering(...addresses: string[]) {
  const asked: string[] = [];
  const lookUp = (name: string) => Promise.resolve((asked.push(name), addresses));
  return { asked, lookUp };
}

Deno.test("a black hole as first address costs a name 250 ms, and the load nothing", async () => {
  await using hole = await startBlackHole("127.0.0.2");
  using good = listen("127.0.0.3", hole.port);
  for (const dns of ["rotate", "first"] as const) {
    const beginMs = performance.now();
    const { lookUp, asked } = answering("127.0.0.2", "127.0.0.3");
    const url = `bücher.test:${good.port}`;
    const origins = await find(url, { lookUp, dns });
    const tookMs = performance.now() - beginMs;
    const { run } = await runHtstress(load(url, { origins, requests: 20, isKeepAlive: true }));
    assert.deepEqual(asked, ["xn--bcher-kva.test"]);
    assert.deepEqual(origins.servers.flat().map(formatAddress), [`127.0.0.3:${good.port}`]);
    assert.equal(run.good, 20);
    assert.ok(tookMs > 240 && tookMs < 450, `${tookMs} ms`);
  }
  assert.deepEqual([...good.hosts], [`xn--bcher-kva.test:${good.port}`]);
});

Deno.test("--timeout holds for trying addresses; when none accepts, the load tells", async () => {
  await using hole = await startBlackHole("127.0.0.2");
  const beginMs = performance.now();
  const { lookUp } = answering("127.0.0.2", "127.0.0.4");
  const url = `a.test:${hole.port}`;
  // Nobody listens on the second.
  const origins = await find(url, { lookUp, timeoutMs: 300 });
  assert.equal(origins.servers[0].length, 2);
  const { run } = await runHtstress(
    load(url, { origins, requests: 2, concurrency: 2, timeoutMs: 200 }),
  );
  assert.deepEqual([run.errors.timeout, run.errors.refused], [1, 1]);
  assert.ok(performance.now() - beginMs < 1500);
});

Deno.test("connections take the addresses of a name in turn, over all threads", async () => {
  using one = listen("127.0.0.2");
  using two = listen("127.0.0.3", one.port);
  using three = listen("127.0.0.4", one.port);
  const { lookUp } = answering("127.0.0.2", "127.0.0.3", "127.0.0.4");
  const url = `a.test:${one.port}`;
  const servers = [one, two, three];
  const count = async (changes: Parameters<typeof load>[1], dns: "rotate" | "first") => {
    const origins = await find(url, { lookUp, dns });
    // Those that found the addresses have come, because they were accepted in order.
    const { run } = await runHtstress(load(url, { origins, ...changes }));
    if (changes!.requests !== 0) assert.equal(run.good, changes!.requests);
    const counts = servers.map(({ connections }) => connections - (dns === "first" ? 0 : 1));
    for (const server of servers) server.connections = 0;
    return counts;
  };
  assert.deepEqual(await count({ requests: 30, concurrency: 1 }, "rotate"), [10, 10, 10]);
  // For a time, which each thread has for itself: of a number, a late thread might get none.
  const alive = { requests: 0, durationMs: 100, concurrency: 2, threads: 3, isKeepAlive: true };
  assert.deepEqual(await count(alive, "rotate"), [2, 2, 2]);
  const [first, ...others] = await count({ requests: 30, concurrency: 1 }, "first");
  assert.deepEqual([first, ...others], [31, 0, 0]);
});

Deno.test("an address is not tried before the load, nor is a Unix domain socket", async () => {
  const { servers } = await findOrigins(
    ["127.0.0.1:9/a", "127.0.0.1:9/b", "[::1]:9", "https://127.0.0.1:9"].map(parseHttpUrl),
    { timeoutMs: 5000, isInsecure: true },
  );
  assert.deepEqual(servers.map((server) => server.map(formatAddress)), [
    ["127.0.0.1:9"],
    ["[::1]:9"],
    ["127.0.0.1:9"],
  ]);
  const unix = await find("any.test", { unixPath: "/x" });
  assert.deepEqual(unix.servers, [[{ path: "/x" }]]);
});

const linkLocal = Deno.networkInterfaces().find((own) =>
  own.family === "IPv6" && own.address.startsWith("fe80:")
);

Deno.test({
  name: "a link-local address is reached through its zone, which Host leaves out",
  ignore: linkLocal === undefined,
  async fn() {
    const { address, name } = linkLocal!;
    using server = listen(`${address}%${name}`);
    for (const isKeepAlive of [false, true]) {
      const url = `http://[${address}%25${name}]:${server.port}/`;
      const { run } = await runHtstress(load(url, { requests: 5, isKeepAlive }));
      assert.equal(run.good, 5);
    }
    assert.deepEqual([...server.hosts], [`[${address}]:${server.port}`]);
    await assert.rejects(find(`https://[${address}%25${name}]/`, {}), /https.*not supported/);
  },
});
