import assert from "node:assert/strict";
import { blockBytesFor, DEFAULT_LIMITS, maxBlocks } from "../../../core/mod.ts";
import { CapacityError, fitCapacity, systemRoom } from "../../../servers/models/capacity.ts";
import { blocksFor } from "../../../servers/models/core_size.ts";
import { compressorWorkers } from "../../../servers/files/compression/compressor_pool.ts";
import { type Model, MODELS } from "../../../servers/models/model.ts";
import { type ServiceOptions, withDefaults } from "../../../servers/models/options.ts";
import { SPARE_DESCRIPTORS, WORKER_DESCRIPTORS } from "../../../servers/workqueue/reserve.ts";

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

Deno.test("fitCapacity(): a rescuer takes the descriptors of a Worker", () => {
  const options = withDefaults({ service: ECHO, maxConnections: 10_000 });
  const room = { ...AMPLE, descriptors: 1000, descriptorLimit: 1000 };
  const size = { model: "shared-pool", workers: 0, maxActive: 2 } as const;
  const [without, withOne] = [false, true].map((hasRescuer) =>
    fitCapacity(options, { ...size, hasRescuer }, room)
  );
  assert.equal(withOne.maxWorkers, without.maxWorkers);
  assert.equal(withOne.maxConnections, without.maxConnections - WORKER_DESCRIPTORS);
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
  // The Worker that hashes large files, and what is held back to create it.
  const hashing = 2 * WORKER_DESCRIPTORS + SPARE_DESCRIPTORS;
  assert.equal(withFiles, Math.floor((alone - hashing) / 2));
});

Deno.test("fitCapacity(): compressors have their descriptors, in every model", () => {
  for (const model of MODELS) {
    const [plain, compressing] = [false, true].map((compress) => {
      const service: ServiceOptions = {
        kind: "http",
        content: "dir",
        directory: { root: "/", compress },
        limits: DEFAULT_LIMITS,
      };
      return 2 * fit(model, { service, descriptors: 1000 }).maxConnections;
    });
    // A connection of this model has a Worker's descriptors, too: the difference may round to none.
    const least = model === "per-connection" ? 0 : compressorWorkers() * WORKER_DESCRIPTORS - 2;
    assert.ok(plain - compressing >= least, `${model}: ${plain} ${compressing}`);
  }
});

Deno.test("fitCapacity(): memory bounds connections, too", () => {
  const large = { ...ECHO, bufferBytes: 1 << 20 };
  // 4 GiB of Wasm memory hold two blocks of a MiB for each.
  const { maxConnections, note } = fit("single", { service: large });
  assert.ok(maxConnections > 1500 && maxConnections < 2048, `${maxConnections}`);
  assert.match(note!, /memory/);
  assert.ok(fit("single", { memoryBytes: 64 << 20 }).maxConnections < 1000);
});

Deno.test("fitCapacity(): connections, output and caches together fit into the memory", () => {
  const MIB = 1 << 20;
  for (const model of MODELS) {
    for (const cacheBytes of [0, 64 * MIB, 256 * MIB]) {
      for (const memoryBytes of [2048 * MIB, 8192 * MIB]) {
        const service: ServiceOptions = {
          kind: "http",
          content: "dir",
          directory: { root: "/", cacheBytes },
          limits: DEFAULT_LIMITS,
        };
        const label = `${model}, ${cacheBytes} of ${memoryBytes}`;
        const found = fit(model, { service, memoryBytes, wanted: 1e6 });
        const { maxConnections, maxWorkers, note } = found;
        assert.match(note!, /memory/, label);
        const cores = model === "per-core" ? 2 : 1;
        const size = { limits: DEFAULT_LIMITS };
        const { blocks, outputBlocks } = blocksFor(maxConnections);
        const spare = (cores - 1) * (outputBlocks - maxConnections);
        const used = (blocks + spare) * blockBytesFor(size) + cacheBytes +
          maxWorkers * 16 * MIB;
        assert.ok(used <= memoryBytes, `${label}: ${used} bytes`);
        const hasKept = model === "single" || model === "per-core";
        const most = maxBlocks({ ...size, cacheBytes: hasKept ? cacheBytes / 2 / cores : 0 });
        assert.ok(blocks <= most, `${label}: ${blocks} blocks in a core`);
        // And nothing is counted twice.
        assert.ok(
          used > memoryBytes - 3 * blockBytesFor(size) || blocks > most - 3,
          `${label}: only ${used} bytes`,
        );
      }
    }
  }
});

/** What a CapacityError of `attempt` asks for. */
function neededBy(attempt: () => void): number {
  try {
    attempt();
  } catch (error) {
    if (error instanceof CapacityError) return error.needed;
  }
  assert.fail("it fits");
}

Deno.test("fitCapacity(): too few descriptors for one connection are an error", () => {
  const files: ServiceOptions = {
    kind: "http",
    content: "dir",
    directory: { root: "/" },
    limits: DEFAULT_LIMITS,
  };
  const services: ServiceOptions[] = [ECHO, files];
  for (const model of MODELS) {
    for (const service of services) {
      const needed = neededBy(() => fit(model, { service, descriptors: 5 }));
      assert.equal(fit(model, { service, descriptors: needed }).maxConnections, 1, model);
      assert.throws(() => fit(model, { service, descriptors: needed - 1 }), CapacityError);
    }
  }
});

Deno.test("fitCapacity(): a cache that is larger than the memory leaves room for connections", () => {
  const service: ServiceOptions = {
    kind: "http",
    content: "dir",
    directory: { root: "/", cacheBytes: 1 << 30 },
    limits: DEFAULT_LIMITS,
  };
  for (const model of MODELS) {
    const { maxConnections } = fit(model, { service, memoryBytes: 512 << 20 });
    assert.ok(maxConnections > 1000, `${model}: ${maxConnections}`);
  }
});

Deno.test("fitCapacity(): memory bounds Workers, and leaves room for connections", () => {
  for (const model of ["shared-pool", "per-connection"] as const) {
    const counts = [64, 512, 1024, 4096, 1 << 20].map((mebibytes) =>
      fit(model, { memoryBytes: mebibytes * 2 ** 20 }).maxWorkers
    );
    assert.deepEqual(counts, [2, 16, 32, 128, 256], model);
    assert.equal(fit(model, { memoryBytes: 1 << 20 }).maxWorkers, model === "shared-pool" ? 2 : 1);
    assert.ok(fit(model, { memoryBytes: 1 << 30 }).maxConnections > 5000);
  }
});

Deno.test("fitCapacity(): memory always holds one connection", () => {
  for (const model of MODELS) assert.equal(fit(model, { memoryBytes: 5 }).maxConnections, 1);
});

Deno.test("fitCapacity(): select has as many as its sets hold, whatever the system allows", () => {
  const engine = { name: "select", trigger: "level" } as const;
  for (const open of [30, 100]) {
    const options = withDefaults({ service: ECHO, engine, maxConnections: 5000 });
    const room = { descriptors: 20_000 - open, descriptorLimit: 20_000, memoryBytes: Infinity };
    const { maxConnections, note } = fitCapacity(
      options,
      { model: "per-core", workers: 1, maxActive: 256 },
      room,
    );
    assert.ok(open + maxConnections < 1024 && open + maxConnections > 900, `${maxConnections}`);
    assert.equal(
      note,
      `at most ${maxConnections} connections at once instead of 5000: select watches descriptors ` +
        "below 1024; others wait",
    );
    const few = fitCapacity(
      { ...options, maxConnections: 100 },
      { model: "per-core", workers: 1, maxActive: 256 },
      room,
    );
    assert.deepEqual([few.maxConnections, few.note], [100, undefined]);
  }
});

Deno.test("fitCapacity(): an error names the model that was asked for", () => {
  const options = withDefaults({ service: ECHO, engine: { name: "epoll" } });
  const room = { ...AMPLE, descriptors: 5, descriptorLimit: 5 };
  const size = { model: "per-core", asked: "single", workers: 1, maxActive: 256 } as const;
  assert.throws(() => fitCapacity(options, size, room), /and model single needs at least \d+$/);
});

Deno.test("systemRoom(): what this process may open", () => {
  const { descriptors, descriptorLimit, memoryBytes } = systemRoom();
  assert.ok(descriptors > 0 && descriptors <= descriptorLimit);
  assert.ok(memoryBytes > 1 << 20);
});
