import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  PAGE_SCRIPT,
  PAGE_SCRIPT_HASH,
  PAGE_STYLE,
  PAGE_STYLE_HASH,
} from "../../../servers/files/listing_page.ts";
import { FRAME_STYLE, FRAME_STYLE_HASH } from "../../../servers/files/page.ts";

Deno.test("pages: the policies let their styles and scripts run (if not: write the new hash there)", () => {
  const cases: [name: string, text: string, hash: string][] = [
    ["FRAME_STYLE", FRAME_STYLE, FRAME_STYLE_HASH],
    ["PAGE_STYLE", PAGE_STYLE, PAGE_STYLE_HASH],
    ["PAGE_SCRIPT", PAGE_SCRIPT, PAGE_SCRIPT_HASH],
  ];
  for (const [name, text, hash] of cases) {
    assert.equal(hash, createHash("sha256").update(text).digest("base64"), name);
  }
});
