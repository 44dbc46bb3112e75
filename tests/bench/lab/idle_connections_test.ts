import assert from "node:assert/strict";
import { IdleConnections } from "../../../bench/lab/idle_connections.ts";
import { listSockets } from "../../../system/sockets/list.ts";
import { Process } from "../../../system/process.ts";
import { launchServer } from "../../support/launch.ts";
import { until } from "../../support/until.ts";

const isLinux = Deno.build.os === "linux";

for (const isReset of [true, false]) {
  Deno.test({
    name: `IdleConnections: opens as many as it is told, closes them ${
      isReset ? "by resets" : "in order"
    }`,
    ignore: !isLinux,
    fn: async () => {
      await using server = await launchServer(["echo", "--model", "single", "--engine", "epoll"]);
      const target = { name: "t", hostname: "127.0.0.1", port: server.port };
      const accepted = () =>
        listSockets({ states: new Set(["established"]), ports: new Set([server.port]) }).sockets
          .filter(({ localPort }) => localPort === server.port).length;
      const idle = new IdleConnections(target, { isReset });
      await idle.grow(100);
      await idle.grow(200);
      assert.deepEqual([idle.count, accepted()], [200, 200]);
      assert.equal(await idle.tryMore(10, 100), 10);
      await idle.close();
      assert.equal(idle.count, 0);
      await until(() => accepted() === 0);
    },
  });
}

Deno.test({
  name: "IdleConnections.tryMore(): select serves fewer than 1,024",
  ignore: !isLinux,
  fn: async () => {
    await using server = await launchServer(["echo", "--model", "single", "--engine", "select"]);
    // Not here: servers with select that other files run in this process have no descriptor below 1,024
    // while so many are open.
    const { out, err } = await new Process([
      ...[Deno.execPath(), "run", "-q", "-A", "--no-check"],
      ...[new URL("./try_more.ts", import.meta.url).pathname, `${server.port}`, "1100"],
    ], { deadlineMs: 20_000 }).ended;
    const served = Number(out);
    assert.ok(served > 950 && served < 1024, out + err);
  },
});
