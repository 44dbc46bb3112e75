/** The units of `packaging`: systemd understands them, and ktcp the command lines for them. */
import assert from "node:assert/strict";
import { COMMANDS } from "../cli/commands.ts";
import { loadCommand } from "../cli/shared/program.ts";
import { whyNot } from "./support/launch.ts";

const PACKAGING = new URL("../packaging/", import.meta.url).pathname;

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, import.meta.url));
}

function systemdAnalyze(...args: string[]): { out: string; err: string } {
  const { stdout, stderr } = new Deno.Command("systemd-analyze", { args }).outputSync();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { out, err };
}

const ignore = whyNot(["systemd-analyze", "--version"]) !== undefined;

Deno.test("systemd finds nothing wrong with the units", { ignore }, () => {
  const { err } = systemdAnalyze("verify", `${PACKAGING}ktcp.service`, `${PACKAGING}ktcp.socket`);
  // The executable and its page are installed with them.
  const faults = err.split("\n").filter((line) =>
    line !== "" && !/\/usr\/bin\/ktcp is not executable|'man ktcp\(1\)' failed/.test(line)
  );
  assert.deepEqual(faults, []);
});

Deno.test("the docs tell how exposed the service is", { ignore }, () => {
  const told = /systemd (\d+), says\n`Overall exposure level for ktcp.service: ([\d.]+) OK`/.exec(
    read("../docs/service.md"),
  );
  assert.ok(told);
  const { out } = systemdAnalyze("security", "--offline=yes", `${PACKAGING}ktcp.service`);
  const level = /exposure level for ktcp.service: ([\d.]+)/.exec(out);
  assert.ok(level, out);
  const version = /^systemd (\d+)/.exec(systemdAnalyze("--version").out)![1];
  // Other versions look at other settings.
  if (version === told[1]) assert.equal(level[1], told[2]);
  else assert.ok(Number(level[1]) < 2.5, level[0]);
});

Deno.test("ktcp knows each option of the command lines in ktcp.default and ktcp.service", async () => {
  const texts = [read("../packaging/ktcp.default"), read("../packaging/ktcp.service")];
  const lines = texts.flatMap((text) => [...text.matchAll(/KTCP_ARGS=(?:")?([^"\n]+)"/g)]);
  assert.ok(lines.length > 4);
  for (const [, line] of lines) {
    const [name, ...args] = line.split(" ");
    const entry = COMMANDS.find((entry) => entry.name === name);
    assert.ok(entry, line);
    const { options } = await loadCommand(entry, COMMANDS);
    for (const arg of args.filter((arg) => arg.startsWith("-"))) {
      assert.ok(
        options.some(({ long, short }) => [long, short].includes(arg)),
        `${arg} in ${line}`,
      );
    }
  }
});
