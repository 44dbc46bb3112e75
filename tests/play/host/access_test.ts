/** Who may speak with the host. */
import assert from "node:assert/strict";
import { Gate, newToken } from "../../../play/host/access.ts";

const PORT = 8088;
const TOKEN = newToken();
const HOST = `127.0.0.1:${PORT}`;
const OWN = `http://${HOST}`;

/** Method, target and fields of a request, and whether it is admitted. */
const CASES: [
  request: string,
  target: string,
  fields: Record<string, string | undefined>,
  isAdmitted: boolean,
][] = [
  ["GET", `/?token=${TOKEN}`, {}, true],
  ["GET", `/api/machine?a=b&token=${TOKEN}`, { "sec-fetch-site": "same-origin" }, true],
  ["GET", `/?token=${TOKEN}`, { "sec-fetch-site": "none" }, true],
  ["GET", `/?token=${TOKEN}`, { origin: OWN }, true],
  ["GET", `/?token=${TOKEN}`, { host: `localhost:${PORT}` }, true],
  ["GET", `/?token=${TOKEN}`, { host: `[::1]:${PORT}` }, true],
  ["POST", `/api/loads?token=${TOKEN}`, { origin: OWN }, true],
  ["DELETE", `/api/loads/l1?token=${TOKEN}`, { origin: OWN }, true],
  [
    "POST",
    `/api/loads?token=${TOKEN}`,
    { host: `localhost:${PORT}`, origin: `http://localhost:${PORT}` },
    true,
  ],
  // The token
  ["GET", "/", {}, false],
  ["GET", "/?token=", {}, false],
  ["GET", `/?token=${TOKEN.slice(1)}`, {}, false],
  ["GET", `/?token=${TOKEN}A`, {}, false],
  ["GET", `/?token=${newToken()}`, {}, false],
  ["GET", `/?token=${TOKEN}&token=${TOKEN}`, {}, false],
  ["GET", `/?Token=${TOKEN}`, {}, false],
  ["GET", `/${TOKEN}`, {}, false],
  ["GET", `/?token=${"é".repeat(11)}`, {}, false],
  // Names that lead here, and other ports
  ["GET", `/?token=${TOKEN}`, { host: `rebound.example:${PORT}` }, false],
  ["GET", `/?token=${TOKEN}`, { host: "127.0.0.1" }, false],
  ["GET", `/?token=${TOKEN}`, { host: "127.0.0.1:8089" }, false],
  ["GET", `/?token=${TOKEN}`, { host: `${HOST}, ${HOST}` }, false],
  ["GET", `/?token=${TOKEN}`, { host: undefined }, false],
  ["GET", `http://${HOST}/?token=${TOKEN}`, {}, false],
  ["OPTIONS", "*", {}, false],
  // Other pages
  ["GET", `/?token=${TOKEN}`, { origin: "http://evil.example" }, false],
  ["GET", `/?token=${TOKEN}`, { origin: "null" }, false],
  ["GET", `/?token=${TOKEN}`, { origin: "http://127.0.0.1:8089" }, false],
  ["GET", `/?token=${TOKEN}`, { origin: `https://${HOST}` }, false],
  ["GET", `/?token=${TOKEN}`, { origin: `http://localhost:${PORT}` }, false],
  ["GET", `/?token=${TOKEN}`, { "sec-fetch-site": "cross-site" }, false],
  ["GET", `/?token=${TOKEN}`, { "sec-fetch-site": "same-site" }, false],
  ["POST", `/api/loads?token=${TOKEN}`, {}, false],
  ["DELETE", `/api/loads/l1?token=${TOKEN}`, {}, false],
];

Deno.test("Gate admits requests of the page, and no others", () => {
  const gate = new Gate(TOKEN, PORT);
  for (const [method, target, fields, isAdmitted] of CASES) {
    const all: Record<string, string | undefined> = { host: HOST, ...fields };
    const request = { method, target, field: (name: string) => all[name] };
    assert.equal(gate.admits(request), isAdmitted, `${method} ${target} ${JSON.stringify(fields)}`);
  }
});

for (
  const [port, host, isAdmitted] of [
    [80, "127.0.0.1", true],
    [80, "localhost:80", true],
    [80, "127.0.0.1:8088", false],
    [PORT, "127.0.0.1", false],
  ] as const
) {
  Deno.test(`Gate at port ${port} ${isAdmitted ? "admits" : "refuses"} Host: ${host}`, () => {
    const gate = new Gate(TOKEN, port);
    const fields: Record<string, string> = { host, origin: `http://${host}` };
    const field = (name: string) => fields[name];
    assert.equal(gate.admits({ method: "POST", target: `/?token=${TOKEN}`, field }), isAdmitted);
  });
}

Deno.test("newToken() has 128 bits in characters that an address may hold", () => {
  const tokens = new Set(Array.from({ length: 1000 }, newToken));
  assert.equal(tokens.size, 1000);
  for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{22}$/);
});
