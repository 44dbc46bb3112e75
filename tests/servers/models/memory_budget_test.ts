import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { memoryBudget } from "../../../servers/models/memory_budget.ts";
import type { HttpServiceOptions, ServiceOptions } from "../../../servers/models/options.ts";
import { type Model, MODELS } from "../../../servers/models/model.ts";

const MIB = 1 << 20;

function filesService(
  cacheBytes: number | undefined,
  { compress = false, isLogged = false } = {},
): HttpServiceOptions {
  const log: HttpServiceOptions["log"] = { format: "common", trustProxy: false };
  const directory = { root: "/", compress, ...(cacheBytes !== undefined && { cacheBytes }) };
  return {
    kind: "http",
    content: "dir",
    directory,
    limits: DEFAULT_LIMITS,
    ...(isLogged && { log }),
  };
}

const workersOf = (model: Model) => model === "single" ? [0, 2] : [1, 2, 3, 8, 256];

for (const model of MODELS) {
  Deno.test(`memoryBudget(): the shares of ${model} add up to the whole`, () => {
    for (const workers of workersOf(model)) {
      for (const totalBytes of [0, 1, 1000, MIB, 64 * MIB, 100_000_007, 2 ** 36]) {
        for (const compress of [false, true]) {
          for (const isLogged of [false, true]) {
            const service = filesService(totalBytes, { compress, isLogged });
            const budget = memoryBudget(service, { model, workers });
            const { keptBytes, filesBytes, memoBytes, copiesBytes } = budget.thread;
            const shares = [keptBytes, filesBytes, memoBytes, copiesBytes, budget.ownerCopiesBytes];
            const label = `${workers} Workers, ${totalBytes} bytes, ${{ compress, isLogged }}`;
            assert.ok(shares.every((share) => Number.isSafeInteger(share) && share >= 0), label);
            const threads = model === "single" ? 1 : workers;
            const ofThreads = threads * (keptBytes + filesBytes + memoBytes + copiesBytes);
            const lost = totalBytes - ofThreads - budget.ownerCopiesBytes;
            assert.ok(lost >= 0 && lost < threads, `${label}: ${lost} bytes belong to nobody`);
            assert.equal(budget.totalBytes, totalBytes, label);
          }
        }
      }
    }
  });
}

Deno.test("memoryBudget(): nothing is set aside for what nobody uses", () => {
  const cases: [
    model: Model,
    service: ServiceOptions,
    hasKept: boolean,
    hasCopies: boolean,
    hasOwnerCopies: boolean,
  ][] = [
    ["single", filesService(undefined), true, false, false],
    ["per-core", filesService(undefined), true, false, false],
    ["shared-pool", filesService(undefined), false, false, false],
    ["per-connection", filesService(undefined), false, false, false],
    ["single", filesService(undefined, { isLogged: true }), false, false, false],
    ["per-core", filesService(undefined, { isLogged: true }), false, false, false],
    ["single", filesService(undefined, { compress: true }), true, false, true],
    ["per-core", filesService(undefined, { compress: true }), true, true, true],
    ["shared-pool", filesService(undefined, { compress: true }), false, true, true],
    ["per-connection", filesService(undefined, { compress: true }), false, true, true],
    // Too little for the core's table.
    ["single", filesService(20_000), false, false, false],
  ];
  for (const [model, service, hasKept, hasCopies, hasOwnerCopies] of cases) {
    const workers = model === "single" ? 0 : 2;
    const { thread, ownerCopiesBytes } = memoryBudget(service, { model, workers });
    const found = [thread.keptBytes > 0, thread.copiesBytes > 0, ownerCopiesBytes > 0];
    assert.deepEqual(found, [hasKept, hasCopies, hasOwnerCopies], model);
    assert.ok(thread.filesBytes > 0 && thread.memoBytes > 0, model);
  }
});

Deno.test("memoryBudget(): kept responses leave room for connections in the Wasm memory", () => {
  const { thread } = memoryBudget(filesService(2 ** 36), { model: "single", workers: 0 });
  assert.equal(thread.keptBytes, 2 ** 30);
});

Deno.test("memoryBudget(): what serves no files keeps nothing", () => {
  const services: ServiceOptions[] = [
    { kind: "echo", bufferBytes: 4096, verbose: false },
    { kind: "http", content: "hello", limits: DEFAULT_LIMITS },
  ];
  for (const service of services) {
    for (const model of MODELS) {
      assert.equal(memoryBudget(service, { model, workers: 2 }).totalBytes, 0);
    }
  }
});
