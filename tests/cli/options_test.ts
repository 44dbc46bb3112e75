import assert from "node:assert/strict";
import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { COMMANDS } from "../../cli/commands.ts";
import {
  count,
  duration,
  formatDuration,
  formatSize,
  integerBetween,
  parseDuration,
  parseHost,
  parsePath,
  parsePort,
  parsePositiveDuration,
  parseSize,
  port,
  size,
  sizeBetween,
} from "../../cli/shared/options.ts";
import { wholeProgram } from "../../cli/shared/program.ts";

/** Checks which values a parser reads, and which it refuses with a hint that says what to write. */
function checkParser<T>(
  parse: (text: string) => T,
  { reads, refuses, hint }: { reads: [string, T][]; refuses: string[]; hint: RegExp },
): void {
  for (const [text, value] of reads) assert.equal(parse(text), value, `'${text}'`);
  for (const text of refuses) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof InvalidArgumentError && hint.test(error.message),
      `'${text}'`,
    );
  }
}

Deno.test("parseDuration() reads us, ms, s, m and h to milliseconds", () => {
  checkParser(parseDuration, {
    reads: [
      ["0", 0],
      ["000", 0],
      ["0s", 0],
      ["500ms", 500],
      ["5s", 5000],
      ["2m", 120_000],
      ["1h", 3_600_000],
      ["1.5s", 1500],
      ["250us", 0.25],
      ["0.5ms", 0.5],
      ["24h", 86_400_000],
    ],
    refuses: ["", "5", "-1s", "+1s", "s", ".5s", "5.s", "1e3s", "5 s", " 5s", "5S", "5sec", "∞"],
    hint: /write it like 500ms, 5s, 2m or 0/,
  });
});

Deno.test("parseDuration() refuses what no timer can wait for", () => {
  assert.equal(parseDuration("596h"), 596 * 3_600_000);
  assert.throws(() => parseDuration("597h"), /at most 24 days/);
  assert.throws(() => parseDuration("9".repeat(400) + "s"), /at most 24 days/);
});

Deno.test("parsePositiveDuration() refuses 0", () => {
  checkParser(parsePositiveDuration, {
    reads: [["1us", 0.001], ["5s", 5000]],
    refuses: ["0", "0s"],
    hint: /Write a time above 0, like 500ms or 5s/,
  });
});

Deno.test("parseSize() reads bytes and powers of 1024", () => {
  checkParser(parseSize, {
    reads: [
      ["0", 0],
      ["4096", 4096],
      ["64k", 65536],
      ["64K", 65536],
      ["1m", 1 << 20],
      ["2g", 2 ** 31],
      ["1kb", 1024],
      ["1KiB", 1024],
      ["7b", 7],
    ],
    refuses: ["", "k", "-1", "+1", "1.5m", "0x10", "1e3", "1 k", "1t", "4096ib", "1kk", "１"],
    hint: /write it like 4096, 64k or 1m/,
  });
  assert.throws(() => parseSize("9".repeat(16)), /Too large/);
});

Deno.test("sizeBetween() names its bounds in units", () => {
  checkParser(sizeBetween(64, 1 << 20), {
    reads: [["64", 64], ["1m", 1 << 20]],
    refuses: ["63", "0", "1048577", "2g"],
    hint: /^Outside of 64 to 1m\.$/,
  });
});

Deno.test("integerBetween() reads whole decimal numbers and names its bounds", () => {
  checkParser(integerBetween(1, 256), {
    reads: [["1", 1], ["256", 256], ["007", 7]],
    refuses: ["", "0", "257", "-1", "1.0", "1e2", "0x1", "many", " 1", "NaN"],
    hint: /^Not a whole number from 1 to 256\.$/,
  });
});

Deno.test("parsePort() reads 0 to 65535", () => {
  checkParser(parsePort, {
    reads: [["0", 0], ["1", 1], ["8081", 8081], ["65535", 65535]],
    refuses: ["", "65536", "99999", "-1", "80.5", "http", "0x50", "123456"],
    hint: /write 0 to 65535/,
  });
});

Deno.test("parseHost() takes the brackets of the readiness line off", () => {
  checkParser(parseHost, {
    reads: [["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["[::1]", "::1"], [
      "localhost",
      "localhost",
    ]],
    refuses: ["", "[]", "127.0.0.1:80", "[::1]:80", "http://localhost", "a b"],
    hint: /write one like 127\.0\.0\.1, ::1 or localhost/,
  });
});

Deno.test("parsePath() refuses an empty path", () => {
  checkParser(parsePath, { reads: [["/a b", "/a b"]], refuses: [""], hint: /name a file/ });
});

Deno.test("formatSize() and formatDuration() write what the parsers read", () => {
  assert.deepEqual([0, 1000, 1024, 65536, 3 << 20, 2 ** 31].map(formatSize), [
    "0",
    "1000",
    "1k",
    "64k",
    "3m",
    "2g",
  ]);
  assert.deepEqual([0, 500, 5000, 120_000].map(formatDuration), ["0", "500ms", "5s", "120s"]);
  fc.assert(fc.property(fc.nat(2 ** 40), (bytes) => parseSize(formatSize(bytes)) === bytes));
  fc.assert(fc.property(fc.nat(2 ** 31 - 1), (ms) => parseDuration(formatDuration(ms)) === ms));
});

Deno.test("the kinds of options show their defaults in the units in which values are read", () => {
  const shown = [
    count("--rounds", "", { max: 9, default: 3 }),
    size("--buffer", "", { default: 4096 }),
    duration("--grace", "", { default: 10_000 }),
    port("--port", "", { default: 0 }),
    port("--port", ""),
  ].map(({ flags, defaultValue, defaultValueDescription }) => [
    flags,
    defaultValue,
    defaultValueDescription,
  ]);
  assert.deepEqual(shown, [
    ["--rounds <n>", 3, "3"],
    ["--buffer <size>", 4096, "4k"],
    ["--grace <time>", 10_000, "10s"],
    ["--port <port>", 0, "0"],
    ["--port <port>", undefined, undefined],
  ]);
});

Deno.test("every option's value is called in lower case, and alike in all commands", async () => {
  const { commands } = await wholeProgram(COMMANDS);
  const all = [...commands, ...commands.flatMap((command) => command.commands)];
  const values = all.flatMap(({ options }) =>
    options.flatMap(({ flags }) => /[<[](.+)[>\]]/.exec(flags)?.[1] ?? [])
  );
  assert.ok(values.length > 50, "the options were found");
  assert.deepEqual(values.filter((value) => /[A-Z]|duration|interval|address/.test(value)), []);
});
