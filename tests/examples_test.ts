/** Each of the examples runs, and does what its text says. */
import assert from "node:assert/strict";
import { freePort } from "../system/address.ts";
import { Process } from "../system/process.ts";
import { whyNot } from "./support/launch.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const FOLDER = `${ROOT}examples`;

/** The longest wait for an example, in ms. */
const DEADLINE_MS = 60_000;

/** A folder with the program `ktcp`, as an example finds it on its path. */
async function withKtcp(use: (where: { env: Record<string, string> }) => Promise<void>) {
  const bin = await Deno.makeTempDir();
  try {
    const script = `#!/bin/sh\nexec "${Deno.execPath()}" run -q -A "${ROOT}cli/main.ts" "$@"\n`;
    await Deno.writeTextFile(`${bin}/ktcp`, script, { mode: 0o755 });
    await use({ env: { PATH: `${bin}:${Deno.env.get("PATH")}`, NO_COLOR: "1", BIN: bin } });
  } finally {
    await Deno.remove(bin, { recursive: true });
  }
}

Deno.test("examples/embed_server.ts serves a directory, and says at its end what it did", async () => {
  const command = [Deno.execPath(), "run", "-q", "-A", "embed_server.ts", "."];
  await using server = new Process(command, { cwd: FOLDER, deadlineMs: DEADLINE_MS });
  const [, url] = (await server.untilOut(/(http:\S+)\n/))!;
  const response = await fetch(`${url}load_test.sh`);
  assert.equal(await response.text(), Deno.readTextFileSync(`${FOLDER}/load_test.sh`));
  const { code, out, err } = await server.stop("SIGINT");
  assert.equal(code, 0, err);
  assert.match(out, /^1 requests, 0 connections cut off$/m);
});

for (const [limit, expected] of [["10s", 0], ["1us", 1]] as const) {
  Deno.test(`examples/load_test.sh ends with ${expected} for a limit of ${limit}`, () =>
    withKtcp(async ({ env }) => {
      await using process = new Process(["sh", "load_test.sh"], {
        cwd: FOLDER,
        env: { ...env, LIMIT: limit },
        deadlineMs: DEADLINE_MS,
      });
      const { code, out, err } = await process.ended;
      assert.equal(code, expected, out + err);
      assert.match(out, /^good requests: \d+ \[100%\]$/m);
    }));
}

Deno.test({
  name: "examples/judge/echo.c is told about its zero bytes and its zombies",
  ignore: whyNot(["cc", "--version"]) !== undefined,
  fn: () =>
    withKtcp(async ({ env }) => {
      const command = `cc -o "$BIN/echo" echo.c && ktcp check echo 127.0.0.1:${freePort()} \\
        --exec "$BIN/echo "'"$PORT"' --level must --only 'bytes/*' --only 'resources/zombies'`;
      await using process = new Process(["sh", "-c", command], {
        cwd: `${FOLDER}/judge`,
        env,
        deadlineMs: DEADLINE_MS,
      });
      const { code, out, err } = await process.ended;
      assert.equal(code, 1, out + err);
      assert.match(out, /^1\. Bytes are treated as text \(must, \d+ cases\)$/m);
      assert.match(out, /^2\. Ended children are not waited for \(must\)$/m);
      assert.doesNotMatch(out, /^3\. /m);
    }),
});

Deno.test("examples/custom_lab.ts runs as one of ktcp's own labs does", () =>
  withKtcp(async ({ env }) => {
    const command = ["ktcp", "lab", "./custom_lab.ts", "--quick", "--rounds", "1"];
    await using process = new Process(command, { cwd: FOLDER, env, deadlineMs: DEADLINE_MS });
    const { code, out, err } = await process.ended;
    assert.equal(code, 0, err);
    assert.match(out, /^# connections: What do more connections gain\?$/m);
    assert.match(out, /^ +64 connections +[\d,]+ /m);
  }));

const BROKEN: { text: string; expected: RegExp }[] = [
  { text: "export const lab = 1;", expected: /no function as its default export/ },
  { text: "export default () => ({ name: 'x' });", expected: /has no 'question'/ },
  { text: "export default (", expected: /Cannot load a lab from \.\/lab\.ts: / },
];

for (const { text, expected } of BROKEN) {
  Deno.test(`ktcp lab ./lab.ts with '${text}' says what is wrong`, () =>
    withKtcp(async ({ env }) => {
      const cwd = env.BIN;
      await Deno.writeTextFile(`${cwd}/lab.ts`, text);
      await using process = new Process(["ktcp", "lab", "./lab.ts"], { cwd, env });
      const { code, err } = await process.ended;
      assert.equal(code, 1);
      assert.match(err, expected);
      assert.doesNotMatch(err, /internal error/);
    }));
}
