/**
 * What a server has to stand, from the command line, in every model: small variants of the runs of
 * `deno task soak`, which has them at full size.
 */
import assert from "node:assert/strict";
import { MODELS } from "../../../servers/mod.ts";
import {
  drainDownloads,
  echoStorm,
  fewDescriptors,
  memoryGrowth,
  slowClients,
} from "../../../tools/soak/scenarios.ts";

for (const model of MODELS) {
  const isCostly = model === "per-connection";

  Deno.test(`${model}: clients that connect at once get their bytes back`, async () => {
    await echoStorm(model, { clients: isCostly ? 24 : 200 });
  });

  Deno.test(`${model}: downloads in flight survive SIGTERM`, async () => {
    await drainDownloads(model, { clients: isCostly ? 4 : 16 });
  });

  Deno.test(`${model}: slow clients are gone in time, others go on`, async () => {
    const small = { clients: 16, connections: 4, headSeconds: 1, seconds: 0.2, byteMs: 100 };
    const { longestMs } = await slowClients(model, small);
    // A second, the wheel's resolution, and the start of Workers on a machine that is busy.
    assert.ok(longestMs < 10_000, `${longestMs} ms`);
  });

  Deno.test(`${model}: more clients than descriptors`, async () => {
    await fewDescriptors(model, { clients: isCostly ? 40 : 300, openFiles: 100, idleMs: 500 });
  });

  Deno.test(`${model}: requests leave no memory behind`, async () => {
    // So few show a large leak only: a KiB a request.
    await memoryGrowth(model, { requests: 20_000, connections: 4 });
  });
}
