/**
 * The page of the course: it has every question, and every command in it is one that ktcp takes,
 * with options that exist.
 */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { lexer, type Token, type Tokens } from "marked";
import { COMMANDS } from "../cli/commands.ts";
import { LABS } from "../bench/lab/labs.ts";

const QUESTIONS = 23;
const page = Deno.readTextFileSync(new URL("../docs/course.md", import.meta.url));

/** The parts of the page below headings of level 3, by heading. */
function parts(): Map<string, Token[]> {
  const found = new Map<string, Token[]>();
  let current: Token[] = [];
  for (const token of lexer(page)) {
    if (token.type === "heading" && (token as Tokens.Heading).depth <= 3) {
      found.set((token as Tokens.Heading).text, current = []);
    } else current.push(token);
  }
  return found;
}

/** Every line of shell code, without its comment. */
function commandLines(): string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)];
  const lines = blocks.flatMap(([, text]) => text.trim().split("\n"));
  return [...new Set(lines.map((line) => line.replace(/\s+#.*$/, "")))];
}

/** What the text itself calls by the name of a command; its options may be without values. */
function mentionedCommands(): string[] {
  return [...page.matchAll(/`((?:sudo )?ktcp [^`]+)`/g)].map(([, text]) => text);
}

/** The words of a command line, without quotes. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((found) =>
    found[1] ?? found[2] ?? found[3]
  );
}

/** What is wrong with `line`; null when ktcp takes it, whose options have values. */
async function faultOf(line: string, { hasValues = true } = {}): Promise<string | null> {
  const [program, name, ...rest] = words(line.replace(/^sudo /, ""));
  if (program !== "ktcp") return "is no command of ktcp";
  const entry = COMMANDS.find((command) => command.name === name);
  if (entry === undefined) return `has no command '${name}'`;
  let command: Command = (await entry.load()).command(COMMANDS);
  command = command.commands.find((sub) => sub.name() === rest[0]) ?? command;
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i];
    if (!/^--?[a-z0-9]/.test(word)) continue;
    const [flag] = word.split("=");
    const option = command.options.find(({ short, long }) => short === flag || long === flag);
    if (option === undefined) return `has no option '${flag}'`;
    const next = rest[i + 1];
    if (option.required && hasValues && !word.includes("=")) {
      if (next === undefined || /^--/.test(next)) return `has no value for '${flag}'`;
      i++;
    }
  }
  if (name === "lab" && !["list", "all", "course"].includes(rest[0])) {
    if (!LABS.some((lab) => lab.name === rest[0])) return `has no lab '${rest[0]}'`;
  }
  return null;
}

Deno.test("docs/course.md: has every question in order, with sources and a command", () => {
  const questions = [...parts()].filter(([heading]) => /^\d+\. /.test(heading));
  assert.deepEqual(
    questions.map(([heading]) => parseInt(heading)),
    Array.from({ length: QUESTIONS }, (_, i) => i + 1),
  );
  for (const [heading, tokens] of questions) {
    const text = tokens.map(({ raw }) => raw).join("");
    assert.match(text, /^Sources: /m, heading);
    assert.match(text, /^```sh\nktcp /m, heading);
  }
});

Deno.test("docs/course.md: each command exists, with its options and labs", async () => {
  const lines = commandLines();
  assert.ok(lines.length > 2 * QUESTIONS);
  const faults = await Promise.all([
    ...lines.map(async (line) => [line, await faultOf(line)]),
    ...mentionedCommands().map(async (line) => [line, await faultOf(line, { hasValues: false })]),
  ]);
  assert.deepEqual(faults.filter(([, fault]) => fault !== null), []);
});

Deno.test("docs/course.md: each lab is a command of some question", () => {
  const lines = commandLines();
  const missing = LABS.filter(({ name }) =>
    !lines.some((line) => line.startsWith(`ktcp lab ${name}`))
  );
  assert.deepEqual(missing.map(({ name }) => name), []);
});

const FAULTS: [line: string, fault: RegExp][] = [
  ["ktcp labs", /no command 'labs'/],
  ["ktcp lab nonsense --quick", /no lab 'nonsense'/],
  ["ktcp http --prot 1", /no option '--prot'/],
  ["ktcp http --port", /no value for '--port'/],
  ["sudo ktcp sockets drop --stat x", /no option '--stat'/],
  ["nc localhost", /no command of ktcp/],
];

for (const [line, fault] of FAULTS) {
  Deno.test(`the check of commands finds the fault of '${line}'`, async () => {
    assert.match((await faultOf(line))!, fault);
  });
}

Deno.test("docs/course.md: links within the page lead to headings", () => {
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading));
  const targets = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  assert.ok(targets.length > 3);
  assert.deepEqual(targets.filter((anchor) => !anchors.includes(anchor)), []);
});

/** The anchor that a heading has where Markdown is shown as pages. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}
