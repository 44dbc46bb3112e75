/** An address belongs to one server: of those that start at once, and of those that follow. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { DEFAULT_ENGINE, type RunningServer, serve } from "../../../servers/mod.ts";
import { forEachSetup, MODEL_SETUPS, type Setup } from "../../support/setups.ts";
import { withTree } from "../files/tree.ts";

const ignore = Deno.build.os !== "linux";

function start(
  { model, engine }: Omit<Setup, "label">,
  listen: { hostname?: string; port?: number; path?: string },
) {
  const service = { kind: "http", content: "hello", limits: DEFAULT_LIMITS } as const;
  return serve({ model, engine, workers: 2, maxActive: 2, service, listen, onNote: () => {} });
}

/** Starts servers at once. @returns the one that listens; all others were refused */
async function startRivals(starts: readonly (() => Promise<RunningServer>)[]) {
  const results = await Promise.allSettled(starts.map((one) => one()));
  const winners = results.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  if (winners.length !== 1) await Promise.all(winners.map((server) => server.stop(0)));
  assert.equal(winners.length, 1, "one of them listens");
  for (const result of results) {
    if (result.status === "rejected") assert.ok(result.reason instanceof Deno.errors.AddrInUse);
  }
  return winners[0];
}

async function statusAt(path: string): Promise<string> {
  using conn = await Deno.connect({ transport: "unix", path });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  const buffer = new Uint8Array(1024);
  const count = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(9, Math.min(12, count ?? 0)));
}

/** A socket file whose server is gone. */
function leaveStaleSocket(path: string): void {
  // The runtime removes the name that was bound.
  const name = `${path}.bound`;
  const listener = Deno.listen({ transport: "unix", path: name });
  Deno.linkSync(name, path);
  listener.close();
  assert.ok(Deno.lstatSync(path).isSocket);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

forEachSetup(MODEL_SETUPS, (setup) => {
  const { label } = setup;
  Deno.test({
    name: `${label}: of servers that start on one port at once, one listens`,
    ignore,
    fn: async () => {
      for (const rival of ["127.0.0.1", "0.0.0.0"]) {
        const port = freePort();
        const server = await startRivals([
          () => start(setup, { hostname: "127.0.0.1", port }),
          () => start(setup, { hostname: rival, port }),
        ]);
        await server.stop(0);
        // It is free again at once.
        if (rival === "0.0.0.0") await (await start(setup, { port })).stop(0);
      }
    },
  });

  Deno.test(`${label}: of servers that start on one path at once, one listens`, () =>
    withTree({}, async (root) => {
      const path = `${root}/socket`;
      for (const isStale of [true, false]) {
        if (isStale) leaveStaleSocket(path);
        const one = () => start(setup, { path });
        // A third one, as one of two may remove the stale socket while the other tries to connect.
        const server = await startRivals(isStale ? [one, one, one] : [one, one]);
        assert.equal(await statusAt(path), "200");
        await server.stop(0);
        assert.deepEqual([...Deno.readDirSync(root)], [], "nothing is left");
      }
    }));

  Deno.test(`${label}: a server that stops leaves its successor's socket`, () =>
    withTree({}, async (root) => {
      const path = `${root}/socket`;
      const first = await start(setup, { path });
      await assert.rejects(start(setup, { path }), Deno.errors.AddrInUse);
      Deno.removeSync(path);
      const second = await start(setup, { path });
      await first.stop(0);
      assert.equal(await statusAt(path), "200");
      await second.stop(0);
      assert.deepEqual([...Deno.readDirSync(root)], [], "nothing is left");
    }));
});

Deno.test("what is no socket is left where a socket was to be", () =>
  withTree({ "file": "data", "target": "data" }, async (root) => {
    Deno.symlinkSync("target", `${root}/link`);
    for (const name of ["file", "link"]) {
      const path = `${root}/${name}`;
      await assert.rejects(
        start({ model: "single", engine: DEFAULT_ENGINE }, { path }),
        Deno.errors.AddrInUse,
      );
      assert.equal(Deno.readTextFileSync(path), "data");
    }
    assert.ok(Deno.lstatSync(`${root}/link`).isSymlink);
  }));
