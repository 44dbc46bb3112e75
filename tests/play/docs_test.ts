/** docs/play.md states the bounds as they are. */
import assert from "node:assert/strict";
import { LOAD_BOUNDS, MAX_LOADS, MAX_SERVERS, serverBounds } from "../../play/limits.ts";

Deno.test("docs/play.md states each bound of what the page may ask for", () => {
  const page = Deno.readTextFileSync(new URL("../../docs/play.md", import.meta.url));
  const rows = page.matchAll(/^\| `(\w+)` +\| +([\d,]+) \| +([\d,]+|2 x CPUs) +\|$/gm);
  const cpus = 500;
  const number = (text: string) =>
    text === "2 x CPUs" ? 2 * cpus : Number(text.replaceAll(",", ""));
  const stated = [...rows].map(([, name, min, max]) => [
    name,
    { min: number(min), max: number(max) },
  ]);
  assert.deepEqual(
    Object.fromEntries(stated),
    { ...serverBounds(cpus), ...LOAD_BOUNDS },
  );
  assert.match(page, new RegExp(`At most ${MAX_SERVERS} servers and ${MAX_LOADS} loads run`));
});
