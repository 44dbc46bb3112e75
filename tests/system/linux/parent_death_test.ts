/** Ending with the process that started this one. */
import assert from "node:assert/strict";
import { PARENT_VARIABLE } from "../../../system/linux/parent_death.ts";
import { Process } from "../../../system/process.ts";
import { Launched } from "../../support/launch.ts";
import { until } from "../../support/until.ts";

/** Starts `ktcp` as if process number `parent` had, behind a program and its arguments. */
function startedBy(parent: number, prefix: readonly string[] = []): Launched {
  return new Launched(["echo", "--port", "0"], { prefix, env: { [PARENT_VARIABLE]: `${parent}` } });
}

Deno.test({
  name: "endWithParent(): a server whose starter has died does not come up",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // What the shell has started is not waited for by what takes its place.
    await using keeper = new Process(["sh", "-c", "sleep 0.2 & echo $!; exec sleep 20"]);
    const [, dead] = (await keeper.untilOut(/^(\d+)\n/))!;
    await until(async () => /\) Z /.test(await Deno.readTextFile(`/proc/${dead}/stat`)));
    const { code, out } = await startedBy(Number(dead)).ended;
    assert.deepEqual([code, out], [1, ""]);
  },
});

Deno.test({
  name: "endWithParent(): a wrapper may stand between",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using server = startedBy(Deno.pid, ["sh", "-c", '"$@"; exit $?', "sh"]);
    await server.untilOut(/listening on/);
    // The wrapper is killed, and the server knows nothing of it: it has to be ended by itself.
    const children = await Deno.readTextFile(`/proc/${server.pid}/task/${server.pid}/children`);
    Deno.kill(Number(children.trim()), "SIGTERM");
    assert.equal((await server.ended).code, 0);
  },
});
