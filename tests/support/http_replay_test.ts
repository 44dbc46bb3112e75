import assert from "node:assert/strict";
import { type HttpCase, loadHttpCases, SERVICES } from "../../bench/check/http/cases.ts";
import { latin1Bytes, latin1Text } from "../../bench/check/latin1.ts";
import { eventFaults } from "./http_judge.ts";
import { replay } from "./http_replay.ts";

const DATE = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
const PROBE_ANSWER = `HTTP/1.1 204 x\r\nServer: ktcp\r\n${DATE}Allow: GET\r\n\r\n`;

/** One canned response: the status alone, or with some fields and content. */
interface Canned {
  status: number;
  fields?: Record<string, string>;
  body?: string;
  isHead?: boolean;
}

function write({ status, fields = {}, body = "why", isHead = false }: Canned): string {
  if (status < 200) return `HTTP/1.1 ${status} x\r\n\r\n`;
  const all: Record<string, string> = {
    server: "ktcp",
    date: DATE.slice(6, -2),
    ...(status === 405 || status === 204 ? { allow: "GET" } : {}),
    ...(status === 204 ? {} : { "content-length": `${body.length}` }),
    ...(status >= 400 ? { "content-type": "text/plain" } : {}),
    ...fields,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} x\r\n${lines}\r\n${isHead || status === 204 ? "" : body}`;
}

/** The answers that a case asks for, written without having read a byte. */
function perfect(test: HttpCase, service: typeof SERVICES[number]): string {
  const { responses, then } = test.expect[service];
  const methods = test.events.map((event) => "method" in event ? event.method : "GET");
  const finals = responses.filter(({ status }) => status[0] >= 200).length;
  let index = 0;
  const closing = (last: boolean): Record<string, string> =>
    last && then === "close" ? { connection: "close" } : {};
  const texts = responses.map(({ status, fields, body, contains }) => {
    if (status[0] < 200) return write({ status: status[0] });
    const method = methods[index++];
    const given: Record<string, string> = {};
    for (const [name, value] of Object.entries(fields)) {
      if (value !== null && value !== "*") given[name] = value;
    }
    return write({
      status: status[0],
      fields: { ...closing(index === finals), ...given },
      body: contains ?? body ?? "why",
      isHead: method === "HEAD",
    });
  });
  if (then === "incomplete") texts.push(write({ status: 408, fields: { connection: "close" } }));
  return texts.join("");
}

/**
 * Answers one connection with a text, then goes on as told: `probe` waits for the probe and answers it
 * too, `fin` half-closes and drains, `wait` reads until the client closes.
 */
async function serve(
  listener: Deno.TcpListener,
  text: string,
  then: "probe" | "fin" | "wait",
): Promise<void> {
  using conn = await listener.accept();
  const bytes = latin1Bytes(text);
  const writing = (async () => {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    if (then === "fin") await conn.closeWrite();
  })();
  const buffer = new Uint8Array(65536);
  let tail = "";
  try {
    for (;;) {
      const count = await conn.read(buffer);
      if (count === null) break;
      tail = (tail + latin1Text(buffer.subarray(0, count))).slice(-100);
      if (then === "probe" && tail.endsWith("Host: probe\r\n\r\n")) {
        await writing;
        await conn.write(latin1Bytes(PROBE_ANSWER));
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  await writing;
}

async function faults(
  test: HttpCase,
  text: string,
  then: "probe" | "fin" | "wait",
  service: typeof SERVICES[number] = "hello",
): Promise<string[]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = { hostname: "127.0.0.1", port: listener.addr.port };
  const [found] = await Promise.all([
    replay(test, { address, service, deadlineMs: then === "wait" ? 50 : 5000 }),
    serve(listener, text, then),
  ]);
  return found;
}

const cases = loadHttpCases();

function named(name: string): HttpCase {
  const found = cases.find((test) => test.name === name);
  assert.ok(found, name);
  return found;
}

Deno.test("replay() finds no fault in a perfect server, for every kind of expectation", async () => {
  const seen = new Set<string>();
  for (const test of cases.filter(({ bytes }) => bytes.length < 20_000)) {
    for (const service of SERVICES) {
      const { responses, then } = test.expect[service];
      const kind = JSON.stringify([responses, then, test.events.length]);
      if (seen.has(kind)) continue;
      seen.add(kind);
      const found = await faults(
        test,
        perfect(test, service),
        then === "open" ? "probe" : "fin",
        service,
      );
      assert.deepEqual(found, [], `${test.name}, ${service}`);
    }
  }
  assert.ok(seen.size > 50, `${seen.size} kinds`);
});

Deno.test("replay() finds what is wrong", async () => {
  const open = named("the simplest request");
  const closes = named("no Host");
  const two = named("two pipelined requests");
  const head = named("HEAD");
  const ok = write({ status: 200 });
  const bad = write({ status: 400, fields: { connection: "close" } });
  const wrong: [RegExp, HttpCase, string, "probe" | "fin" | "wait"][] = [
    [/wanted 200, got 404/, open, write({ status: 404 }), "probe"],
    [/wanted 200, got no response/, two, ok, "fin"],
    [/should stay open, it is closed/, open, ok, "fin"],
    [/wanted 204, got 200/, open, ok + ok, "probe"],
    [/says close/, open, write({ status: 200, fields: { connection: "close" } }), "probe"],
    [/should close with FIN, it is open/, closes, bad, "wait"],
    [/nothing more within 50 ms/, closes, bad, "wait"],
    [/does not say close/, closes, write({ status: 400 }), "fin"],
    [/an unexpected response: 400/, closes, bad + bad, "fin"],
    [/wanted 400, got no response/, closes, "", "fin"],
    [/malformed response/, closes, bad.slice(0, -1), "fin"],
    [/malformed response: No status line/, open, "<html>", "probe"],
    [/Server is nginx/, open, write({ status: 200, fields: { server: "nginx" } }), "probe"],
    [/Date is "today"/, open, write({ status: 200, fields: { date: "today" } }), "probe"],
    [/without a reason/, closes, write({ status: 400, body: "" }), "fin"],
    [/an error of 2000 bytes/, closes, write({ status: 400, body: "x".repeat(2000) }), "fin"],
    [
      /Content-Type is text\/html/,
      closes,
      write({ status: 400, fields: { "content-type": "text/html" } }),
      "fin",
    ],
    [/malformed response/, head, ok, "probe"],
  ];
  for (const [message, test, text, then] of wrong) {
    assert.match((await faults(test, text, then)).join("\n"), message);
  }
});

Deno.test("eventFaults() compares messages, errors and the end", () => {
  const test = named("an error after a good request");
  const message = { method: "GET", target: "/", minor: 1, body: "", last: false };
  assert.deepEqual(eventFaults(test, [message, { error: 400 }]), []);
  for (
    const wrong of [
      [],
      [message],
      [{ error: 400 }],
      [message, { error: 413 }],
      [message, message],
      [message, { error: 400 }, message],
      [{ ...message, body: "x" }, { error: 400 }],
      [{ ...message, last: true }, { error: 400 }],
      [message, { incomplete: true as const }],
    ]
  ) {
    assert.equal(eventFaults(test, wrong).length, 1, JSON.stringify(wrong));
  }
});

Deno.test("eventFaults() lets a parser refuse by meaning only where the case says so", () => {
  const star = named("GET *");
  const message = { method: "GET", target: "*", minor: 1, body: "", last: false };
  assert.deepEqual(eventFaults(star, [message]), []);
  assert.deepEqual(eventFaults(star, [{ error: 400 }]), []);
  assert.equal(eventFaults(star, [{ error: 501 }]).length, 1);
  assert.equal(eventFaults(named("the simplest request"), [{ error: 400 }]).length, 1);
  const empty = named("one empty line and nothing else");
  assert.deepEqual(eventFaults(empty, []), []);
  assert.deepEqual(eventFaults(empty, [{ incomplete: true }]), []);
});
