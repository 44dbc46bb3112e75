/** Lab `shutdown`, with servers of its own: what becomes of requests in flight. */
import assert from "node:assert/strict";
import type { LabContext } from "../../bench/lab/lab.ts";
import { shutdown } from "../../bench/lab/shutdown.ts";
import { startOwn } from "../../cli/lab/servers.ts";

Deno.test({
  name: "lab shutdown: a drained server answers what is in flight, a killed one does not",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const context = {
      isQuick: true,
      rounds: 1,
      signal: new AbortController().signal,
      onProgress: () => {},
      host: { start: startOwn },
      models: [],
      targets: [],
    } as unknown as LabContext;
    const { variants, findings } = await shutdown.run(context);
    const outcome = variants.map(({ label, samples: [sample] }) => {
      const { answered, cutOff, idleEnded } = sample;
      return { label, answered, cutOff, idleEnded };
    });
    assert.deepEqual(outcome, [
      { label: "killed", answered: 0, cutOff: 6, idleEnded: 6 },
      { label: "told, no grace", answered: 0, cutOff: 6, idleEnded: 6 },
      { label: "told, drained", answered: 6, cutOff: 0, idleEnded: 6 },
    ]);
    assert.match(findings[2].text, /^told, drained: 6 of 6 requests in flight were answered/);
  },
});
