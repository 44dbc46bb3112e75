import assert from "node:assert/strict";
import { nearest, suggestion, withSuggestion } from "../../cli/shared/nearest.ts";

const CASES: [word: string, candidates: string[], near: string[]][] = [
  ["htpp", ["echo", "http", "lab"], ["http"]],
  ["ehco", ["echo", "http", "lab"], ["echo"]],
  ["poll", ["epoll", "select"], ["epoll"]],
  ["pol", ["epoll", "poll"], ["poll"]],
  ["cot", ["cat", "cut"], ["cat", "cut"]],
  ["comp", ["completions", "check"], ["completions"]],
  ["c", ["completions", "check"], []],
  ["", ["echo"], []],
  ["nothing-like-it", ["echo", "http"], []],
  ["--port", ["echo", "http"], []],
  ["framng", ["framing", "bytes"], ["framing"]],
  ["x", [], []],
  ["list", ["list", "all"], []],
];

for (const [word, candidates, near] of CASES) {
  Deno.test(`nearest() to '${word}' of ${candidates.join(", ")}`, () => {
    assert.deepEqual(nearest(word, candidates), near);
  });
}

Deno.test("suggestion() is the end of a sentence, or nothing", () => {
  assert.equal(suggestion("htpp", ["http"]), "; did you mean 'http'?");
  assert.equal(suggestion("cot", ["cat", "cut"]), "; did you mean 'cat' or 'cut'?");
  assert.equal(suggestion("bogus", ["http"]), "");
});

Deno.test("withSuggestion() writes commander's proposals alike", () => {
  const head = "unknown option '--prot'";
  assert.equal(
    withSuggestion(`${head}\n(Did you mean --port?)`),
    `${head}; did you mean '--port'?`,
  );
  assert.equal(
    withSuggestion(`${head}\n(Did you mean one of --port, --root?)`),
    `${head}; did you mean '--port' or '--root'?`,
  );
  assert.equal(withSuggestion(head), head);
});
