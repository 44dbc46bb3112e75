/** Who was refused by a timeout, has read the answer and closes, is gone at once. */
import assert from "node:assert/strict";
import { engineSupport, type LinuxEngine } from "../../../../../system/linux/engines.ts";
import {
  DEFAULT_LIMITS,
  type EngineOptions,
  type Model,
  serve,
  sumCounters,
} from "../../../../../servers/mod.ts";
import { connect, writeAll } from "../../../../../tools/soak/client.ts";
import { until } from "../../../../support/until.ts";

const SETUPS: [Model, EngineOptions][] = [
  ["single", { name: "deno", trigger: "level" }],
  ["single", { name: "poll", trigger: "level" }],
  ["single", { name: "epoll", trigger: "level" }],
  ["single", { name: "epoll", trigger: "edge" }],
  ["single", { name: "io_uring", trigger: "level" }],
  ["shared-pool", { name: "epoll", trigger: "edge" }],
];

/** Much longer than `until` waits. */
const LINGER_MS = 120_000;

for (const [model, engine] of SETUPS) {
  const reason = engine.name === "deno"
    ? undefined
    : engineSupport(engine.name as LinuxEngine).reason;
  Deno.test({
    name: `408, ${model}, ${engine.name} ${engine.trigger}: the connection ends with its peer`,
    ignore: reason !== undefined,
    async fn() {
      const server = await serve({
        model,
        engine,
        service: { kind: "http", content: "hello", limits: DEFAULT_LIMITS },
        timeouts: { headMs: 250, lingerMs: LINGER_MS },
      });
      try {
        const conn = await connect(server.port);
        await writeAll(conn, new TextEncoder().encode("GET / HT"));
        assert.match(await new Response(conn.readable).text(), /^HTTP\/1\.1 408 /);
        await until(async () => {
          const reports = (await server.observe()).threads;
          return sumCounters(reports.flatMap(({ counters }) => counters ?? [])).open === 0;
        });
      } finally {
        await server.stop(0);
      }
    },
  });
}
