/** The limit of descriptors of a process that runs. */
import assert from "node:assert/strict";
import { whyNot } from "./launch.ts";

/** Why tests that lower it cannot run; undefined when they can. */
export const noDescriptorLimit = Deno.build.os === "linux"
  ? whyNot(["prlimit", "--version"])
  : "not Linux";

/** Sets `ulimit -n` of a running process. */
export async function setDescriptorLimit(pid: number, limit: number): Promise<void> {
  const args = ["--pid", `${pid}`, `--nofile=${limit}:`];
  const { success } = await new Deno.Command("prlimit", { args }).output();
  assert.ok(success, "prlimit");
}
