/** The table of `docs/http.md` that compares servers says what they answer. */
import assert from "node:assert/strict";
import { answersOf, COMPARED, isThere } from "./support/compared_servers.ts";

/** A row: the request as code, then a column for each server. */
const ROW = /^\| (`[^|]+`) +\|(.+)\|$/gm;

const text = Deno.readTextFileSync(new URL("../docs/http.md", import.meta.url));
const [, table] = text.split("## Next to other servers");
const columns = /^\| request +\|(.+)\|$/m.exec(table)![1].split("|").map((name) => name.trim());
const rows = [...table.matchAll(ROW)].map(([, request, cells]) => ({
  request: [...request.matchAll(/`([^`]+)`/g)].map(([, code]) => code),
  answers: cells.split("|").map((cell) => cell.trim()),
}));

for (const name of COMPARED) {
  // Others change their minds: this holds the versions that the page names.
  Deno.test({
    name: `docs/http.md states what ${name} answers`,
    ignore: !isThere(name),
    fn: async () => {
      assert.ok(rows.length > 30, `${rows.length} rows`);
      const column = columns.indexOf(name);
      const answers = await answersOf(name, rows.map(({ request }) => request));
      const stated = rows.map(({ request, answers }) =>
        `${request.join(", ")}: ${answers[column]}`
      );
      const given = rows.map(({ request }, at) => `${request.join(", ")}: ${answers[at]}`);
      assert.deepEqual(given, stated);
    },
  });
}
