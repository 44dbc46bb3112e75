import assert from "node:assert/strict";
import { ENGINES as SERVER_ENGINES } from "../../../servers/mod.ts";
import { linuxEngines } from "../../../system/linux/engines.ts";
import { contenders } from "../../../tools/benchmarks/files/servers.ts";
import { VARIANT_NAMES, variantsOf } from "../../../tools/benchmarks/models/variants.ts";
import { ktcp } from "../../../tools/benchmarks/servers/contender.ts";
import {
  ENGINE_NAMES,
  engineArgs,
  engineLabel,
  engineRefusal,
  ENGINES,
} from "../../../tools/benchmarks/servers/engines.ts";

Deno.test("ENGINES: has each engine of the servers", () => {
  const names = new Set(Object.values(ENGINES).map(({ name }) => name));
  assert.deepEqual([...names].sort(), [...SERVER_ENGINES].sort());
});

Deno.test("engineLabel, engineArgs: name the engine and its trigger", () => {
  assert.equal(engineLabel("ktcp", "deno"), "ktcp (deno)");
  assert.equal(engineLabel("ktcp", "epoll-level"), "ktcp (epoll, level)");
  assert.deepEqual(engineArgs("io_uring"), ["--engine", "io_uring"]);
  assert.deepEqual(engineArgs("epoll-level"), ["--engine", "epoll", "--trigger", "level"]);
});

Deno.test("ktcp: a row names its engine, and its server is started with it", () => {
  const { name, command } = ktcp("epoll-level", "--dir", "/x");
  assert.equal(name, "ktcp (epoll, level)");
  const args = command({ port: 80, scratch: "/" }).join(" ");
  assert.match(args, / http --workers 1 --port 80 --engine epoll --trigger level --dir \/x$/);
});

Deno.test("engineRefusal: says of each engine what the machine allows", async () => {
  assert.equal(await engineRefusal("deno", "shared-pool"), undefined);
  for (const { name, reason } of linuxEngines()) {
    assert.equal(await engineRefusal(name, "single"), reason);
  }
  assert.match((await engineRefusal("poll", "shared-pool"))!, /\S/);
});

Deno.test("contenders: names are unique, those of ktcp first", () => {
  const names = contenders("/x", ENGINE_NAMES).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names.slice(0, 2), ["ktcp (deno)", "ktcp (select)"]);
});

Deno.test("variantsOf: leaves out engines that make no difference to a model", () => {
  const variants = variantsOf(VARIANT_NAMES, ["deno", "epoll", "io_uring"]);
  assert.deepEqual(variants.map(({ name }) => name), [
    ...["single (deno)", "single (epoll)", "single (io_uring)"],
    ...["per-core/1 (deno)", "per-core/1 (epoll)", "per-core/1 (io_uring)"],
    ...["per-core (deno)", "per-core (epoll)", "per-core (io_uring)"],
    ...["shared-pool (deno)", "shared-pool (epoll)"],
    ...["per-connection (deno)", "per-connection (epoll)"],
  ]);
  assert.deepEqual(
    variantsOf(["per-core/1"], ["epoll"])[0].args,
    ["--model", "per-core", "--workers", "1", "--engine", "epoll"],
  );
  assert.deepEqual(variantsOf(["shared-pool"], ["io_uring"]), []);
});
