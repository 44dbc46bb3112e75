/**
 * What a server has to stand, from the command line, in setups that differ: small variants of the runs of
 * `deno task soak`, which has them at full size.
 */
import assert from "node:assert/strict";
import {
  drainDownloads,
  echoStorm,
  fewDescriptors,
  memoryGrowth,
  slowClients,
} from "../../../tools/soak/scenarios.ts";
import { FEWEST_SETUPS, forEachSetup, POOL_SETUP } from "../../support/setups.ts";

forEachSetup([...FEWEST_SETUPS, POOL_SETUP], (setup) => {
  const { label } = setup;
  const isCostly = setup.model === "per-connection";

  Deno.test(`${label}: clients that connect at once get their bytes back`, async () => {
    await echoStorm(setup, { clients: isCostly ? 24 : 200 });
  });

  Deno.test(`${label}: downloads in flight survive SIGTERM`, async () => {
    await drainDownloads(setup, { clients: isCostly ? 4 : 16 });
  });

  Deno.test(`${label}: slow clients are gone in time, others go on`, async () => {
    const small = { clients: 16, connections: 4, headSeconds: 1, seconds: 0.2, byteMs: 100 };
    // Whether the others keep their throughput, `deno task soak` measures; here they go on at all.
    const { longestMs, share } = await slowClients(setup, { ...small, pauseMs: 10 });
    assert.ok(share > 0, "others were answered meanwhile");
    // A second, the wheel's resolution, and the start of Workers on a machine that is busy.
    assert.ok(longestMs < 10_000, `${longestMs} ms`);
  });

  Deno.test(`${label}: more clients than descriptors`, async () => {
    await fewDescriptors(setup, { clients: isCostly ? 40 : 300, openFiles: 100, idleMs: 500 });
  });

  Deno.test(`${label}: requests leave no memory behind`, async () => {
    // So few show a large leak only: two KiB a request.
    await memoryGrowth(setup, { requests: 10_000, connections: 4 });
  });
});
