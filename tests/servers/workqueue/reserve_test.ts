import assert from "node:assert/strict";
import { DescriptorReserve, WORKER_DESCRIPTORS } from "../../../servers/workqueue/mod.ts";

Deno.test("lend() gives the descriptors back until the Worker has come up", () => {
  let open = 0;
  const reserve = new DescriptorReserve(() => {
    open++;
    return { close: () => void open-- };
  }, 8);
  assert.equal(reserve.lend(() => open), 0);
  assert.equal(open, 0, "until it has come up");
  reserve.settle();
  assert.equal(open, 8);
  reserve.release();
  assert.equal(open, 0);
});

Deno.test("lend() does not call when a descriptor is missing", () => {
  let left = 7;
  const reserve = new DescriptorReserve(() => {
    if (left === 0) throw new Error("Too many open files (os error 24)");
    left--;
    return { close: () => void left++ };
  }, 8);
  assert.equal(reserve.lend(() => assert.fail("called")), null);
  left++;
  assert.equal(reserve.lend(() => "called"), "called");
  assert.equal(left, 8);
  left--;
  assert.equal(reserve.lend(() => assert.fail("called")), null);
  assert.equal(left, 7, "the first one still comes up: nothing is taken from it");
});

Deno.test("lend() calls without protection where nothing can be opened", () => {
  const errors = [
    new Deno.errors.NotCapable("Requires read access"),
    new Deno.errors.NotFound("No such file or directory (os error 2)"),
  ];
  for (const error of errors) {
    const reserve = new DescriptorReserve(() => {
      throw error;
    });
    assert.equal(reserve.lend(() => "called"), "called");
  }
});

Deno.test("lend() holds the descriptors again when nothing was created", () => {
  let open = 0;
  const reserve = new DescriptorReserve(() => {
    open++;
    return { close: () => void open-- };
  }, 8);
  const refuse = () => {
    throw new Error("no thread");
  };
  assert.throws(() => reserve.lend(refuse), /no thread/);
  assert.equal(open, 8);
  assert.equal(reserve.lend(() => open), 0);
});

Deno.test("a process that is out of descriptors waits instead of being aborted", async () => {
  // The child first takes all descriptors, then lets go of one after the other, so that Workers
  // find any number of them.
  const script = new URL("./out_of_descriptors.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `ulimit -n 100 && exec "$0" run -A "$1"`, Deno.execPath(), script],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const { waited, results, workers } = JSON.parse(text);
  assert.equal(waited, true, "an item waited while all descriptors were taken");
  assert.equal(results, 30);
  assert.ok(workers > 1 && workers * WORKER_DESCRIPTORS < 100, `${workers} Workers`);
});
