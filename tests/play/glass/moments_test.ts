/** What a trace shows, and how traces are aligned. */
import assert from "node:assert/strict";
import {
  alignChapters,
  alignedStep,
  type Block,
  blockAt,
  chapterAt,
  chaptersOf,
  countCalls,
  shortSteps,
  stepText,
} from "../../../play/page/glass/moments.ts";
import { PRESETS } from "../../../play/page/glass/presets.ts";
import { GLASS_LIMITS, type GlassStep } from "../../../play/protocol.ts";

/** `event received 5`, `call recv(2) 5`: a step in short. */
function step(text: string, block?: Block): GlassStep {
  const [kind, name, value] = text.split(" ");
  return {
    atUs: 0,
    kind: kind as GlassStep["kind"],
    name,
    ...(value !== undefined && { value: Number(value) }),
    ...(block && { block }),
  };
}

const steps = (...texts: string[]) => texts.map((text) => step(text));

const EPOLL = steps(
  "call epoll_wait(2) 1",
  "call accept4(2) 9",
  "event start",
  "want Receive",
  "call epoll_wait(2) 1",
  "call recv(2) 25",
  "event received 25",
  "want Send 20",
  "call send(2) 20",
  "event sent 20",
  "want Send 5",
  "call send(2) 5",
  "event sent 5",
  "want Receive",
  "call epoll_wait(2) 1",
  "call recv(2) 0",
  "event received 0",
  "want Close",
  "call close(2) 0",
  "event end",
);

const DENO = steps(
  "event start",
  "want Receive",
  "event received 25",
  "want Send 20",
  "event sent 20",
  "want Send 5",
  "event sent 5",
  "want Receive",
  "event received 0",
  "want Close",
  "event end",
);

Deno.test("chaptersOf() begins one with the calls that brought the bytes", () => {
  assert.deepEqual(chaptersOf(EPOLL), [
    { bytes: null, from: 0, to: 4 },
    { bytes: 25, from: 4, to: 14 },
    { bytes: 0, from: 14, to: 20 },
  ]);
  assert.deepEqual(chaptersOf(DENO).map(({ bytes, from }) => [bytes, from]), [
    [null, 0],
    [25, 2],
    [0, 8],
  ]);
  assert.deepEqual(chaptersOf([]), [{ bytes: null, from: 0, to: 0 }]);
});

Deno.test("alignChapters() aligns by what has arrived, also where parts came together", () => {
  const chapters = (...arrivals: (number | null)[]) =>
    arrivals.map((bytes, i) => ({ bytes, from: i, to: i + 1 }));
  const apart = chapters(null, 8, 14, 5, 0);
  const together = chapters(null, 22, 5, 0);
  const rows = alignChapters([apart, together, []]);
  assert.deepEqual(rows.map(({ bytes }) => bytes), [null, 8, 14, 5, 0]);
  assert.deepEqual(rows.map(({ chapters }) => chapters.map((one) => one?.bytes)), [
    [null, null, undefined],
    [8, undefined, undefined],
    [14, 22, undefined],
    [5, 5, undefined],
    [0, 0, undefined],
  ]);
});

Deno.test("chapterAt() finds the chapter of a step", () => {
  const chapters = chaptersOf(EPOLL);
  assert.deepEqual([0, 3, 4, 13, 14, 19].map((at) => chapterAt(chapters, at)), [0, 0, 1, 1, 2, 2]);
});

Deno.test("alignedStep() finds the same want on another engine", () => {
  assert.deepEqual([0, 3, 7, 9, 10, 19].map((at) => alignedStep(EPOLL, at, DENO)), [
    0,
    1,
    3,
    3,
    5,
    9,
  ]);
  assert.equal(alignedStep(DENO, 5, EPOLL), 10);
  // A trace that ends before.
  assert.equal(alignedStep(EPOLL, 19, DENO.slice(0, 4)), 3);
});

Deno.test("blockAt() carries a block on until the next", () => {
  const block = { input: "", scanned: 0, consumed: 0, phase: "idle", output: "" };
  const later = { ...block, phase: "sending" };
  const all = [
    step("event start"),
    step("want Receive", block),
    step("call x 1"),
    step("want Send 1", later),
  ];
  assert.deepEqual([0, 1, 2, 3].map((at) => blockAt(all, at)?.phase), [
    undefined,
    "idle",
    "idle",
    "sending",
  ]);
});

Deno.test("countCalls() counts by name, and nothing but calls", () => {
  assert.deepEqual([...countCalls(EPOLL)], [
    ["epoll_wait", 3],
    ["accept4", 1],
    ["recv", 2],
    ["send", 2],
    ["close", 1],
  ]);
  assert.equal(countCalls(DENO).size, 0);
});

Deno.test("shortSteps() counts repetitions, and tells bytes and failures", () => {
  const repeated = steps(
    "call send(2) 10",
    "call send(2) 10",
    "call epoll_ctl(2) 0",
    "event sent 10",
  );
  repeated.push({ ...step("call recv(2) -1"), error: "EAGAIN" });
  assert.deepEqual(shortSteps(repeated, ["call"]), ["send 10 ×2", "epoll_ctl", "recv EAGAIN"]);
  assert.deepEqual(shortSteps(repeated, ["event"]), ["sent 10"]);
});

Deno.test("stepText() writes calls as strace does", () => {
  assert.equal(
    stepText({ ...step("call recv(2) 5"), detail: "9, …, 100, 0" }),
    "recv(9, …, 100, 0) = 5",
  );
  assert.equal(
    stepText({ ...step("call recv(2) -1"), detail: "9", error: "EAGAIN" }),
    "recv(9) = -1 EAGAIN",
  );
  assert.equal(stepText(step("want Send 5")), "Send 5");
  assert.equal(stepText({ ...step("operation recv"), detail: "multishot" }), "recv (multishot)");
});

Deno.test("the runs to begin with are within the limits", () => {
  for (const [name, { text, cuts }] of Object.entries(PRESETS)) {
    assert.ok(text.length <= GLASS_LIMITS.bytes, name);
    assert.ok(cuts.length + 1 <= GLASS_LIMITS.parts, name);
    assert.ok(cuts.every((cut) => cut > 0 && cut < text.length), name);
    assert.equal(new Set(cuts).size, cuts.length, name);
  }
});
