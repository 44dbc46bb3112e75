import assert from "node:assert/strict";
import { IdleConnections } from "../../../bench/lab/idle_connections.ts";
import { listSockets } from "../../../system/sockets/list.ts";
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
      await idle.grow(300);
      await idle.grow(600);
      assert.deepEqual([idle.count, accepted()], [600, 600]);
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
    const idle = new IdleConnections({ name: "t", hostname: "127.0.0.1", port: server.port }, {
      isReset: true,
    });
    const served = await idle.tryMore(1100, 300);
    assert.ok(served > 950 && served < 1024, `${served}`);
    await idle.close();
  },
});
