import assert from "node:assert/strict";
import { readDocuments } from "../../../bench/merge/documents.ts";

const A = { command: "bench", text: 'a "quoted" } { brace\\', inner: { list: [{}, "}"] } };
const B = { command: "htstress" };

Deno.test("readDocuments(): takes one document, and several in any form", () => {
  const pretty = JSON.stringify(A, null, 2);
  const short = JSON.stringify(B);
  const cases: [text: string, documents: object[]][] = [
    [pretty, [A]],
    [`\n${short}\n`, [B]],
    [`${pretty}\n${short}\n${pretty}\n`, [A, B, A]],
    [`${short}${short}`, [B, B]],
  ];
  for (const [text, documents] of cases) {
    const sources = readDocuments(text, "stdin");
    assert.deepEqual(sources.map(({ document }) => document), documents);
    assert.deepEqual(sources.map((source) => JSON.parse(source.text)), documents);
  }
  assert.deepEqual(readDocuments(short, "'a'").map(({ name }) => name), ["'a'"]);
  assert.deepEqual(readDocuments(short + short, "stdin").map(({ name }) => name), [
    "stdin (document 1)",
    "stdin (document 2)",
  ]);
});

const WRONG: [text: string, message: RegExp][] = [
  ["", /^Cannot read stdin: it is empty; save runs there with --json$/],
  [" \n", /it is empty/],
  ["[1]", /'\[1\]' is no JSON document/],
  [
    'ktcp htstress: 127.0.0.1 refused\n{"a":1}',
    /'ktcp htstress: 127.0.0.1 refused' is no JSON document; save only stdout .* without stderr/,
  ],
  ['{"a":1} and more', /'and more' is no JSON document/],
  ['{"a":1}}', /'}' is no JSON document/],
  ['{"a":', /Cannot read stdin: it is no whole JSON document; save the run again/],
  ['{"a":1}{"b":"x', /Cannot read stdin \(document 2\): it is no whole JSON document/],
  ["{a}", /it is no whole JSON document/],
];

for (const [text, message] of WRONG) {
  Deno.test(`readDocuments(${JSON.stringify(text)}) says what is wrong`, () => {
    assert.throws(() => readDocuments(text, "stdin"), { name: "SyntaxError", message });
  });
}
