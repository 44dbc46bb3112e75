import assert from "node:assert/strict";
import { OptionError } from "../../../servers/files/option_error.ts";
import { authorized } from "../../../servers/files/auth.ts";
import { parseAuth, parseHeader, staticOptions } from "../../../servers/files/options.ts";

Deno.test("staticOptions() fills in the defaults", () => {
  assert.deepEqual(staticOptions({ root: "/srv" }), {
    root: "/srv",
    index: ["index.html"],
    spa: false,
    cleanUrls: false,
    listing: true,
    dotfiles: false,
    followSymlinks: false,
    compress: false,
    cacheControl: "no-cache",
    cacheRules: [],
    redirects: [],
    securityHeaders: undefined,
    cors: undefined,
    headers: [],
    auth: undefined,
    passwordRevision: undefined,
    cacheBytes: 67108864,
  });
});

Deno.test("staticOptions() names the option that cannot be used", () => {
  const cases: [given: Parameters<typeof staticOptions>[0], option: string][] = [
    [{ root: ".", index: ["a/b"] }, "index"],
    [{ root: ".", index: [""] }, "index"],
    [{ root: ".", index: [".."] }, "index"],
    [{ root: ".", cacheControl: "a\r\nb: c" }, "cache-control"],
    [{ root: ".", cors: "https://a.example/" }, "cors"],
    [{ root: ".", cors: "a.example" }, "cors"],
    [{ root: ".", cors: "*\r\nX: y" }, "cors"],
    [{ root: ".", headers: [["Content-Length", "1"]] }, "header"],
    [{ root: ".", auth: { user: "", password: "x" } }, "auth"],
    [{ root: ".", auth: { user: "a:b", password: "x" } }, "auth"],
    [{ root: ".", cacheBytes: -1 }, "cache"],
    [{ root: ".", cacheBytes: NaN }, "cache"],
  ];
  for (const [given, option] of cases) {
    assert.throws(
      () => staticOptions(given),
      (error) =>
        error instanceof OptionError && error.option === option &&
        error.message.startsWith(`--${option}: `),
      JSON.stringify(given),
    );
  }
  for (const cors of ["*", "null", "https://a.example", "http://localhost:3000"]) {
    assert.equal(staticOptions({ root: ".", cors }).cors, cors);
  }
});

Deno.test("parseHeader() takes one valid field", () => {
  assert.deepEqual(parseHeader("X-A:  b c \t"), ["X-A", "b c"]);
  assert.deepEqual(parseHeader("X-Empty:"), ["X-Empty", ""]);
  assert.deepEqual(parseHeader("Link: <a>; rel=x"), ["Link", "<a>; rel=x"]);
  const wrong = [
    "X-A",
    ": b",
    "X A: b",
    " X: b",
    "X-A : b",
    "X: a\r\nY: b",
    "X: a\nb",
    "X: \0",
    "X: é",
    "Content-Length: 1",
    "transfer-encoding: chunked",
    "CONNECTION: close",
    "Date: x",
    "Server: x",
    "Content-Encoding: gzip",
    "Upgrade: x",
    "X: \x7f",
  ];
  for (const text of wrong) assert.throws(() => parseHeader(text), OptionError, text);
});

Deno.test("parseAuth() splits at the first colon and does not repeat the password", () => {
  assert.deepEqual(parseAuth("u:p:q"), { user: "u", password: "p:q" });
  assert.deepEqual(parseAuth("u:"), { user: "u", password: "" });
  assert.throws(() => parseAuth(":secret"), OptionError);
  assert.throws(() => parseAuth("secret"), (error: Error) => !error.message.includes("secret"));
});

Deno.test("authorized() takes exactly the right credentials", () => {
  const basic = (text: string) => "Basic " + btoa(text);
  const expected = { user: "user", password: "pa:ss" };
  assert.ok(authorized(basic("user:pa:ss"), expected));
  assert.ok(authorized(basic("user:pa:ss").replace("Basic", "bAsIc"), expected));
  assert.ok(authorized(basic("user:pa:ss").replace("Basic ", "Basic   "), expected));
  const wrong = [
    undefined,
    "",
    "Basic",
    "Basic ",
    basic("user:pa:s"),
    basic("user:pa:sss"),
    basic("user"),
    basic("User:pa:ss"),
    "Bearer " + btoa("user:pa:ss"),
    basic("user:pa:ss") + ", " + basic("user:pa:ss"),
    "Basic user:pa:ss",
    basic(""),
  ];
  for (const field of wrong) assert.ok(!authorized(field, expected), String(field));
});

Deno.test("authorized() reads credentials as UTF-8, and an empty password is one", () => {
  const bytes = new TextEncoder().encode("jö:pässwörd€");
  const field = "Basic " + btoa(String.fromCharCode(...bytes));
  assert.ok(authorized(field, { user: "jö", password: "pässwörd€" }));
  assert.ok(authorized("Basic " + btoa("u:"), { user: "u", password: "" }));
  assert.ok(!authorized(undefined, { user: "u", password: "" }));
});
