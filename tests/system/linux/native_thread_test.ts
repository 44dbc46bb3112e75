/** Threads of the C library. */
import assert from "node:assert/strict";
import { NativeThreads } from "../../../system/linux/native_thread.ts";

/** The threads of this process now. */
function threadIds(): Set<string> {
  return new Set([...Deno.readDirSync("/proc/self/task")].map(({ name }) => name));
}

Deno.test({
  name: "NativeThreads: threads run, wait, and end",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const threads = new NativeThreads();
    for (let i = 0; i < 100; i++) threads.runOne();
    const before = threadIds();
    const added = () => [...threadIds().difference(before)].length;
    for (let i = 0; i < 20; i++) threads.addWaiting();
    assert.equal(added(), 20);
    threads.end();
    assert.equal(added(), 0);
    // They are gone for good: those of another set wait for an end of their own.
    threads.addWaiting();
    assert.equal(added(), 1);
    threads.end();
  },
});
