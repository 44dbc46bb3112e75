import assert from "node:assert/strict";
import { AnswerMemo } from "../../../servers/files/answer_memo.ts";
import { REVALIDATE_MS } from "../../../servers/files/freshness.ts";

Deno.test("AnswerMemo gives an answer only within the time for which it was kept", () => {
  const memo = new AnswerMemo(1e6);
  const startMs = 1e12;
  const freshUntilMs = startMs + REVALIDATE_MS;
  const answer = { status: 200, fields: [], content: new Uint8Array(1), freshUntilMs };
  memo.set("/a", answer);
  const cases: [offsetMs: number, isGiven: boolean][] = [
    [0, true],
    [REVALIDATE_MS - 1, true],
    [REVALIDATE_MS, false],
    [-1, false],
    [-3_600_000, false],
  ];
  for (const [offsetMs, isGiven] of cases) {
    assert.equal(memo.get("/a", startMs + offsetMs), isGiven ? answer : undefined, `${offsetMs}`);
  }
});
