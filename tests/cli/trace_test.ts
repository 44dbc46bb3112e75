/** `--trace`, which only `ktcp play` uses. */
import assert from "node:assert/strict";
import { command } from "../../cli/echo.ts";
import { commonServerOptions, type ServeFlags } from "../../cli/shared/serve.ts";
import { MODELS, sharesMemory } from "../../servers/mod.ts";

/** What `ktcp echo` makes of `args`. */
function options(...args: string[]) {
  const echo = command().action(() => {});
  echo.parse(args, { from: "user" });
  return commonServerOptions(echo, echo.opts<ServeFlags>());
}

for (const model of MODELS) {
  Deno.test(`--trace with the model ${model}`, async () => {
    const traced = options("--trace", "--model", model);
    if (sharesMemory(model)) {
      const message = `--trace is for the models single and per-core, not for ${model}`;
      await assert.rejects(traced, { name: "UsageError", message });
    } else assert.equal((await traced).traces, true);
    assert.equal((await options("--model", model)).traces, undefined);
  });
}

Deno.test("--trace is in no help", () => {
  assert.doesNotMatch(command().helpInformation(), /--trace/);
});
