import assert from "node:assert/strict";
import {
  type HttpCase,
  loadHttpCases,
  parseCases,
  ROWS,
  SERVICES,
} from "../../../../bench/check/http/cases.ts";
import { latin1Bytes, latin1Text } from "../../../../bench/check/latin1.ts";

const cases = loadHttpCases();

function failing(check: (test: HttpCase) => boolean): string[] {
  return cases.filter((test) => !check(test)).map(({ name }) => name);
}

Deno.test("loadHttpCases() finds several hundred cases with unique names", () => {
  assert.ok(cases.length >= 1000, `${cases.length} cases`);
  const seen = new Set<string>();
  assert.deepEqual(failing(({ name }) => !seen.has(name) && seen.add(name) !== undefined), []);
});

Deno.test("loadHttpCases() covers every row of the table, and no other", () => {
  const rows = [...new Set(cases.map(({ row }) => row))].sort((a, b) => a - b);
  assert.deepEqual(rows, Array.from({ length: ROWS }, (_, i) => i + 1));
});

Deno.test("cases: an error ends the events, and every service answers with it and closes", () => {
  assert.deepEqual(
    failing(({ events, expect }) => {
      const at = events.findIndex((event) => "error" in event);
      if (at === -1) return true;
      const event = events[at];
      return at === events.length - 1 && "error" in event &&
        SERVICES.every((service) => {
          const { responses, then } = expect[service];
          const status = responses.at(-1)?.status ?? [];
          return then === "close" && status.every((code) => event.error.includes(code));
        });
    }),
    [],
  );
});

Deno.test("cases: a message that is the last ends the events and the connection", () => {
  assert.deepEqual(
    failing(({ events, expect }) => {
      const at = events.findIndex((event) => "method" in event && event.last);
      return at === -1 ||
        at === events.length - 1 &&
          SERVICES.every((service) => expect[service].then === "close");
    }),
    [],
  );
});

Deno.test("cases: without an error or a close the connection stays open or waits", () => {
  assert.deepEqual(
    failing(({ events, expect }) =>
      SERVICES.every((service) => {
        const tail = events.at(-1);
        if (tail !== undefined && ("error" in tail || "incomplete" in tail)) return true;
        if (tail !== undefined && "method" in tail && (tail.last || tail.mayReject)) return true;
        return expect[service].then !== "close";
      })
    ),
    [],
  );
});

Deno.test("cases: each message is answered once, in order", () => {
  assert.deepEqual(
    failing(({ events, expect }) =>
      SERVICES.every((service) => {
        const finals = expect[service].responses.filter(({ status }) => status[0] >= 200);
        const complete = events.filter((event) => !("incomplete" in event)).length;
        const early = events.some((event) => "incomplete" in event) ? 1 : 0;
        return finals.length === complete || finals.length === complete + early;
      })
    ),
    [],
  );
});

Deno.test("cases: echo returns each body that it accepts", () => {
  assert.deepEqual(
    failing(({ events, expect }) => {
      const messages = events.filter((event) => "method" in event);
      const finals = expect.echo.responses.filter(({ status }) => status[0] >= 200);
      return messages.every(({ method, target, body, mayReject }, i) =>
        finals[i].status[0] !== 200 || mayReject !== undefined || method === "HEAD" ||
        target === "*" || (finals[i].body ?? "") === body
      );
    }),
    [],
  );
});

const entry = {
  name: "n",
  row: 1,
  request: ["a", { repeat: "bc", times: 2 }, { after: 100 }, "d\u00ff"],
  events: [{ method: "GET", target: ["/", { repeat: "x", times: 3 }] }],
  expect: "100? 200|404 +C",
  echo: { responses: [200, { status: 200, body: "b" }] },
};

Deno.test("parseCases() expands parts, defaults and the short expectation", () => {
  const [test] = parseCases([entry], "topic");
  assert.equal(latin1Text(test.bytes), "abcbcd\u00ff");
  assert.deepEqual(test.steps, [
    latin1Bytes("abcbc"),
    { after: 100, finals: 0 },
    latin1Bytes("d\u00ff"),
  ]);
  assert.deepEqual(test.events, [
    { method: "GET", target: "/xxx", minor: 1, body: "", last: false },
  ]);
  assert.deepEqual(test.expect.dir, {
    responses: [
      { status: [100], optional: true, fields: {} },
      { status: [200, 404], optional: false, fields: {} },
    ],
    then: "close",
  });
  assert.deepEqual(test.expect.echo, {
    responses: [
      { status: [200], optional: false, fields: {} },
      { status: [200], optional: false, fields: {}, body: "b" },
    ],
    then: "open",
  });
});

Deno.test("parseCases() makes one case per element of each", () => {
  const made = parseCases([{
    ...entry,
    each: ["\u0000", "xyz", "x".repeat(13)],
    request: ["a", { each: true }, "b"],
  }], "t");
  assert.deepEqual(made.map(({ name }) => name), ["n: 0x00", 'n: "xyz"', "n: 13 bytes"]);
  assert.deepEqual(made.map(({ bytes }) => latin1Text(bytes)), [
    "a\u0000b",
    "axyzb",
    `a${"x".repeat(13)}b`,
  ]);
});

Deno.test("parseCases() refuses entries of another form, and names them", () => {
  const wrong: [RegExp, Record<string, unknown>][] = [
    [/"n": Unknown key: extra/, { ...entry, extra: 1 }],
    [/"n": It needs a name and a row/, { ...entry, row: undefined }],
    [/No expectation for hello/, { ...entry, expect: undefined }],
    [/No status: 2000/, { ...entry, expect: "2000" }],
    [/No status: \+D/, { ...entry, expect: "200 +D" }],
    [/No event/, { ...entry, events: [{ method: "GET" }] }],
    [/No latin1 string: U\+20ac at 1/, { ...entry, request: "a€" }],
    [/"each" without/, { ...entry, each: ["a"] }],
    [/without a list/, { ...entry, request: [{ each: true }] }],
  ];
  for (const [message, raw] of wrong) assert.throws(() => parseCases([raw], "topic"), message);
});
