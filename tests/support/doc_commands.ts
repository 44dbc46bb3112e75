/** The commands that the documentation shows, and what it shows them to print. */

/** A command of a page. */
export interface DocCommand {
  /** `docs/commands.md:12`. */
  place: string;
  /** The block that it stands in, by number; those of one block belong together. */
  block: number;
  /** As one types it; without a prompt, with continued lines. */
  text: string;
  /** The lines that follow a command behind a prompt. */
  shown: string[];
}

/**
 * A block of code for a shell, indented in a list: `console` has prompts and output, the others commands
 * alone.
 */
const BLOCK = /^( *)```(sh|bash|console)\n([^]*?)^\1```$/gm;

/** Whether a command goes on in the next line. */
function isUnfinished(text: string): boolean {
  return /(?:\\|\|)$/.test(text) || /^for .*\bdo$/m.test(text) && !/^done$/m.test(text);
}

/** The commands of a page with the text `markdown`, in their order. */
export function docCommands(page: string, markdown: string): DocCommand[] {
  const commands: DocCommand[] = [];
  let block = 0;
  for (const { 1: indent, 2: kind, 3: code, index } of markdown.matchAll(BLOCK)) {
    ++block;
    const first = markdown.slice(0, index).split("\n").length + 1;
    const lines = code.trimEnd().split("\n").map((line) => line.slice(indent.length));
    for (let i = 0; i < lines.length; ++i) {
      const isCommand = kind !== "console" || lines[i].startsWith("$ ");
      if (!isCommand) {
        commands.at(-1)?.shown.push(lines[i]);
        continue;
      }
      const place = `${page}:${first + i}`;
      let text = kind === "console" ? lines[i].slice(2) : lines[i];
      while (isUnfinished(text) && i + 1 < lines.length) text += "\n" + lines[++i];
      commands.push({ place, block, text, shown: [] });
    }
  }
  return commands;
}

/** A command without what `#` and the spaces before it begin. */
export function withoutComment(text: string): string {
  return text.replace(/\s+#.*$/, "");
}

/** A number, with its unit: what differs from run to run. */
const FIGURE = /\d[\d,.]*(?:[kM]|%)?(?: (?:ns|µs|ms|s|(?:B|KiB|MiB|GiB)(?:\/s)?)(?![\w/]))?/g;

/** What stands for a figure in a pattern. */
const ANY_FIGURE = String.raw`[\d,.]+(?:[kM]|%)?(?: (?:ns|µs|ms|s|(?:B|KiB|MiB|GiB)(?:\/s)?))?`;

/**
 * The pattern that the whole output of a command has to match: figures may differ, and so may the
 * spaces between columns; `…` stands for anything, alone on a line for any lines.
 */
export function shownPattern(shown: readonly string[]): RegExp {
  const source = shown.map((line) => line === "…" ? "(?:.*\n)*?" : `${linePattern(line)}\n`);
  return new RegExp(`^${source.join("")}$`);
}

function linePattern(line: string): string {
  return line.split("…").map((part) => {
    let source = "";
    let at = 0;
    for (const { 0: figure, index } of part.matchAll(FIGURE)) {
      source += escaped(part.slice(at, index)) + ANY_FIGURE;
      at = index + figure.length;
    }
    return source + escaped(part.slice(at));
  }).join(".*");
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replace(/ +/g, " +");
}
