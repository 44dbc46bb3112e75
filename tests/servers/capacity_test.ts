import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../core/mod.ts";
import { fitCapacity, systemRoom } from "../../servers/capacity.ts";
import { type Model, MODELS, type ServiceOptions, withDefaults } from "../../servers/options.ts";
import { WORKER_DESCRIPTORS } from "../../servers/workqueue/mod.ts";

const ECHO: ServiceOptions = { kind: "echo", bufferBytes: 4096, verbose: false };
const AMPLE = { descriptors: Infinity, descriptorLimit: Infinity, memoryBytes: Infinity };

function fit(
  model: Model,
  { service = ECHO, descriptors = Infinity, memoryBytes = Infinity, wanted = 10_000 } = {},
) {
  const options = withDefaults({ service, maxConnections: wanted });
  const room = { ...AMPLE, descriptors, descriptorLimit: descriptors, memoryBytes };
  return fitCapacity(options, { model, workers: 2, maxActive: 256 }, room);
}

Deno.test("fitCapacity(): what is asked for, where there is room", () => {
  for (const model of MODELS) {
    const { maxConnections, note } = fit(model);
    assert.equal(maxConnections, 10_000);
    assert.equal(note, undefined);
  }
});

Deno.test("fitCapacity(): connections and Workers together fit into the descriptors", () => {
  for (const model of MODELS) {
    for (const descriptors of [90, 128, 1000, 4000]) {
      const { maxConnections, maxWorkers, note } = fit(model, { descriptors });
      const workers = model === "per-connection"
        ? Math.min(maxConnections, maxWorkers)
        : maxWorkers;
      const used = maxConnections + workers * WORKER_DESCRIPTORS;
      assert.ok(used < descriptors, `${model}: ${used} of ${descriptors}`);
      assert.ok(used > descriptors / 2, `${model}: only ${used} of ${descriptors}`);
      assert.match(note!, /^at most \d+ connections at once instead of 10000: 'ulimit -n' is /);
    }
  }
});

Deno.test("fitCapacity(): a file may be open for each connection", () => {
  const service: ServiceOptions = {
    kind: "http",
    content: "dir",
    directory: { root: "/" },
    limits: DEFAULT_LIMITS,
  };
  const alone = fit("single", { descriptors: 1000 }).maxConnections;
  const withFiles = fit("single", { service, descriptors: 1000 }).maxConnections;
  assert.equal(withFiles, Math.floor(alone / 2));
});

Deno.test("fitCapacity(): memory bounds connections, too", () => {
  const large = { ...ECHO, bufferBytes: 1 << 20 };
  // 4 GiB of Wasm memory hold two blocks of a MiB for each.
  const { maxConnections, note } = fit("single", { service: large });
  assert.ok(maxConnections > 1500 && maxConnections < 2048, `${maxConnections}`);
  assert.match(note!, /memory/);
  assert.ok(fit("single", { memoryBytes: 64 << 20 }).maxConnections < 1000);
});

Deno.test("fitCapacity(): one connection is always possible", () => {
  for (const model of MODELS) assert.equal(fit(model, { descriptors: 5 }).maxConnections, 1);
});

Deno.test("systemRoom(): what this process may open", () => {
  const { descriptors, descriptorLimit, memoryBytes } = systemRoom();
  assert.ok(descriptors > 0 && descriptors <= descriptorLimit);
  assert.ok(memoryBytes > 1 << 20);
});
