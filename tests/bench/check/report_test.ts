/** What the judge prints and writes. */
import assert from "node:assert/strict";
import type { Judged, Verdict } from "../../../bench/check/case.ts";
import { CAUSES } from "../../../bench/check/causes.ts";
import { checkReport } from "../../../bench/check/report/html.ts";
import { checkJunit } from "../../../bench/check/report/junit.ts";
import { checkText } from "../../../bench/check/report/text.ts";
import { checkDocument, type CheckResult } from "../../../bench/check/result.ts";
import {
  findChromium,
  inspectPage,
  launchChromium,
  validateHtml,
} from "../../support/report_checks.ts";

function judged(id: string, verdict: Verdict, more: Partial<Judged> = {}): Judged {
  return {
    id,
    group: id.split("/")[0] as Judged["group"],
    level: "must",
    title: `the title of <${id}>`,
    reference: "RFC 9112 section 2.1",
    verdict,
    why: verdict === "pass" ? "as it should be" : 'it was "so" & not otherwise',
    ...more,
  };
}

const BYTES = { sent: "GET / HT|TP/1.1\\r\\n".repeat(20), received: "", expected: "a response" };

const RESULT: CheckResult = {
  kind: "http",
  target: "http://127.0.0.1:8081/?a=<b>&c",
  date: "2026-11-28T10:00:00.000Z",
  seconds: 1.5,
  judged: [
    judged("bytes/one", "pass"),
    judged("bytes/two", "fail", { ...BYTES, cause: CAUSES[4].id }),
    judged("stream/three", "fail", { ...BYTES, cause: CAUSES[4].id, level: "should" }),
    judged("stream/four-with-a-name-that-is-longer-than-any-narrow-terminal", "unclear"),
    judged("end/five", "skipped", { why: "control \x01 byte </script>" }),
  ],
};

Deno.test("checkText(): fits its width, and says each cause once", () => {
  for (const width of [40, 80, 120]) {
    for (const isVerbose of [false, true]) {
      const text = checkText(RESULT, width, isVerbose);
      const wide = text.split("\n").filter((line) => line.length > width);
      assert.deepEqual(wide, [], `${width} columns`);
    }
  }
  const text = checkText(RESULT, 80);
  assert.equal(text.split(CAUSES[4].title).length, 2);
  assert.match(text, /^1\. .*\(must,\s+2\s+cases\)$/ms);
  assert.match(text, /1 of 4 cases passed in 1\.5 s; failed: 1 must, 1 should\./);
});

Deno.test("checkDocument(): has the fields of the JSON document", () => {
  const document = checkDocument(RESULT, "0.0.0");
  assert.deepEqual(Object.keys(document), [
    "command",
    "version",
    "kind",
    "target",
    "cases",
    "causes",
    "passed",
    "failed",
    "unclear",
    "skipped",
  ]);
  const { cases, passed, failed, unclear, skipped } = document as Record<string, unknown[]>;
  assert.deepEqual([passed, failed, unclear, skipped], [1, 2, 1, 1]);
  assert.deepEqual(Object.keys(cases[0] as object), [
    "id",
    "group",
    "level",
    "title",
    "verdict",
    "why",
    "reference",
    "sent",
    "received",
    "expected",
    "cause",
  ]);
});

/** Whether `xmllint` (Debian: libxml2-utils) is installed. */
const hasXmllint = await new Deno.Command("xmllint", { args: ["--version"], stderr: "null" })
  .output().then(({ success }) => success, () => false);

Deno.test({
  name: "checkJunit(): a schema of JUnit accepts it" +
    (hasXmllint ? "" : " (skipped: no xmllint on this machine)"),
  ignore: !hasXmllint,
  fn: async () => {
    const path = await Deno.makeTempFile({ suffix: ".xml" });
    await Deno.writeTextFile(path, checkJunit(RESULT));
    const schema = new URL("../../data/check/junit.xsd", import.meta.url).pathname;
    const args = ["--noout", "--schema", schema, path];
    const { success, stderr } = await new Deno.Command("xmllint", { args, stderr: "piped" })
      .output();
    await Deno.remove(path);
    assert.ok(success, new TextDecoder().decode(stderr));
  },
});

Deno.test("checkJunit(): counts, and tells of a failure what was sent and where to look", () => {
  const text = checkJunit(RESULT);
  assert.match(text, /<testsuites name="[^"]*" tests="5" failures="2" errors="0" time="1\.500">/);
  assert.match(text, /<skipped message="skipped: control \? byte &lt;\/script&gt;"\/>/);
  assert.ok(text.includes("look at: ") && text.includes("sent: GET / HT|TP/1.1"));
});

Deno.test("checkReport(): is one valid file that holds its data, and loads no other", async () => {
  const html = checkReport(RESULT, "0.0.0");
  assert.deepEqual(await validateHtml(html), []);
  assert.ok(!/(?:src|href)="(?!#|data:,")/.test(html), "nothing is loaded");
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1];
  assert.equal(JSON.parse(json).cases.length, 5);
});

const chromium = findChromium();

Deno.test({
  name: "checkReport(): readable in a browser, light and dark, wide and narrow" +
    (chromium ? "" : " (skipped: no Chromium on this machine)"),
  ignore: chromium === null,
  fn: async (t) => {
    const path = await Deno.makeTempFile({ suffix: ".html" });
    await Deno.writeTextFile(path, checkReport(RESULT, "0.0.0"));
    const browser = await launchChromium(chromium!);
    try {
      for (const width of [1200, 400]) {
        for (const scheme of ["light", "dark"] as const) {
          await t.step(`${width} px, ${scheme}`, async () => {
            const found = await inspectPage(browser, {
              path,
              view: { width, height: 900, scheme },
            });
            assert.deepEqual(found.errors, []);
            assert.deepEqual(found.requests, []);
            assert.deepEqual(found.violations, []);
            assert.ok(found.overflowPx <= 0, `the page is ${found.overflowPx} px too wide`);
          });
        }
      }
    } finally {
      await browser.close();
      await Deno.remove(path);
    }
  },
});
