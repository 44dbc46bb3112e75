import assert from "node:assert/strict";
import { mimeTypes } from "../../../tools/shared/mime_types.ts";

Deno.test("mime_types.ts is what mime-types says (if not: deno run -A tools/shared/mime_types.ts)", () => {
  const table = Deno.readTextFileSync(
    new URL("../../../servers/files/mime_types.ts", import.meta.url),
  );
  assert.equal(table, mimeTypes());
});
