/** Renders Markdown as text for a terminal of any width. Pure. */
import { lexer, type Token, type Tokens } from "marked";
import {
  breakLines,
  columnsOf,
  cut,
  paint,
  type Span,
  type Style,
  widestPart,
} from "./styled_text.ts";

/** How a page is laid out. */
export interface TerminalLayout {
  /** Columns of the terminal. */
  columns: number;
  /** Whether escape sequences may be written. */
  hasColour: boolean;
}

/** Most columns of text: longer lines are hard to read even on a wide terminal. */
const MOST_COLUMNS = 100;

/** Spaces before the lines of a code block. */
const CODE_MARGIN = 2;

/** Spaces between the columns of a table. */
const GUTTER = 2;

/** Least width of a table's column, unless its content is narrower. */
const NARROWEST_COLUMN = 12;

/** A line before it is painted. */
type Line = Span[];

/** Renders the page `markdown`. No line is longer than `layout.columns`. */
export function terminalMarkdown(markdown: string, layout: TerminalLayout): string {
  const columns = Math.min(layout.columns, MOST_COLUMNS);
  const page = new Page(layout.hasColour);
  const blocks = page.blocks(lexer(markdown), columns);
  return blocks.map((line) => paint(line, layout.hasColour).trimEnd()).join("\n");
}

class Page {
  readonly #hasColour: boolean;

  constructor(hasColour: boolean) {
    this.#hasColour = hasColour;
  }

  /** The lines of `tokens`, with an empty line between two blocks. */
  blocks(tokens: readonly Token[], columns: number): Line[] {
    const blocks = tokens.map((token) => this.#block(token, columns))
      .filter((lines) => lines.length > 0);
    return blocks.flatMap((lines, i) => (i === 0 ? lines : [[], ...lines]));
  }

  #block(token: Token, columns: number): Line[] {
    switch (token.type) {
      case "heading":
        return this.#heading(token as Tokens.Heading, columns);
      case "paragraph":
      case "text":
        return breakLines(this.#inline(token), columns);
      case "code":
        return this.#code(token as Tokens.Code, columns);
      case "list":
        return this.#list(token as Tokens.List, columns);
      case "table":
        return this.#table(token as Tokens.Table, columns);
      case "blockquote":
        return this.blocks((token as Tokens.Blockquote).tokens, columns - 2).map(indent("| "));
      case "hr":
        return [[{ text: "-".repeat(columns), style: "plain" }]];
      default:
        return [];
    }
  }

  #heading(token: Tokens.Heading, columns: number): Line[] {
    const spans = this.#inline(token).map(({ text }): Span => ({ text, style: "heading" }));
    const lines = breakLines(spans, columns);
    if (token.depth > 2) return lines;
    const longest = Math.max(...lines.map(columnsOfLine));
    const rule = (token.depth === 1 ? "=" : "-").repeat(longest);
    return [...lines, [{ text: rule, style: "plain" }]];
  }

  /** Commands are broken at spaces; drawings and other code only where a line is full. */
  #code({ text, lang }: Tokens.Code, columns: number): Line[] {
    // A drawing that is as wide as the terminal is shown whole rather than indented.
    const widest = Math.max(...text.split("\n").map(columnsOf));
    const margin = widest > columns - CODE_MARGIN && widest <= columns ? 0 : CODE_MARGIN;
    const room = Math.max(1, columns - margin);
    const isCommand = /^(?:sh|console|bash)\b/.test(lang ?? "");
    const lines = text.split("\n").flatMap((line): Line[] => {
      if (columnsOf(line) <= room) return [[{ text: line, style: "code" }]];
      if (!isCommand) return cut(line, room).map((part) => [{ text: part, style: "code" }]);
      return breakLines([{ text: line, style: "code" }], room - 2)
        .map((part, i) => (i === 0 ? part : indent("  ")(part)));
    });
    return lines.map(indent(" ".repeat(margin)));
  }

  #list(list: Tokens.List, columns: number): Line[] {
    const first = Number(list.start || 1);
    const items = list.items.map((item, i) => {
      const bullet = list.ordered ? `${first + i}. ` : "- ";
      const margin = " ".repeat(bullet.length);
      const lines = this.#item(item, columns - bullet.length);
      return lines.map((line, at) => indent(at === 0 ? bullet : margin)(line));
    });
    return items.flatMap((lines, i) => (list.loose && i > 0 ? [[], ...lines] : lines));
  }

  /** The blocks of an item; a nested list follows its text at once. */
  #item(item: Tokens.ListItem, columns: number): Line[] {
    return item.tokens.flatMap((token, i) => {
      const lines = this.#block(token, columns);
      return i > 0 && item.loose && token.type !== "space" ? [[], ...lines] : lines;
    });
  }

  /** In columns if they fit; otherwise each row becomes a list of its cells. */
  #table({ header, rows }: Tokens.Table, columns: number): Line[] {
    const cells = [header, ...rows].map((row) => row.map((cell) => this.#inline(cell)));
    const widths = columnWidths(cells, columns);
    if (widths === null) return this.#records(cells, columns);
    const laid = cells.map((row) => row.map((cell, i) => breakLines(cell, widths[i])));
    const isTall = laid.some((row) => row.some((lines) => lines.length > 1));
    const rule: Line = [{
      text: widths.map((width) => "-".repeat(width)).join(" ".repeat(GUTTER)),
      style: "plain",
    }];
    const [head, ...body] = laid.map((row) => sideBySide(row, widths));
    return [...head, rule, ...body.flatMap((r, i) => (isTall && i > 0 ? [[], ...r] : r))];
  }

  #records([header, ...rows]: Span[][][], columns: number): Line[] {
    return rows.flatMap((row, at) => {
      const lines = row.flatMap((cell, i) => {
        if (cell.length === 0) return [];
        const name: Span[] = header[i].length === 0
          ? []
          : [...header[i].map(({ text }): Span => ({ text, style: "heading" })), {
            text: ": ",
            style: "plain",
          }];
        return breakLines([...name, ...cell], columns - 2)
          .map((line, n) => (i === 0 && n === 0 ? line : indent("  ")(line)));
      });
      return at === 0 ? lines : [[], ...lines];
    });
  }

  /** The inline content of `token`. */
  #inline(token: Token | Tokens.TableCell, style: Style = "plain"): Span[] {
    const { tokens } = token as { tokens?: Token[] };
    const { text } = token as { text: string };
    if (tokens === undefined) return [{ text, style }];
    return tokens.flatMap((inner): Span[] => {
      switch (inner.type) {
        case "strong":
          return this.#inline(inner, "strong");
        case "em":
          return this.#inline(inner, "emphasis");
        case "link":
          return this.#inline(inner, "link");
        case "codespan":
          return [{
            text: this.#hasColour ? inner.text : `\`${inner.text}\``,
            style: "code",
          }];
        case "br":
          return [{ text: " ", style }];
        case "html":
          return [];
        default:
          return this.#inline(inner, style);
      }
    });
  }
}

const columnsOfLine = (line: Line) => line.reduce((sum, { text }) => sum + columnsOf(text), 0);

/** Puts `margin` before a line. */
function indent(margin: string): (line: Line) => Line {
  return (line) => [{ text: margin, style: "plain" }, ...line];
}

/**
 * The width of each column of a table in at most `columns`: what it needs, or, if that is too much,
 * with the widest columns made narrower. Null if words would have to be cut.
 */
function columnWidths(rows: Span[][][], columns: number): number[] | null {
  const count = rows[0].length;
  const places = Array.from({ length: count }, (_, i) => rows.map((row) => row[i] ?? []));
  const wanted = places.map((cells) => Math.max(1, ...cells.map(columnsOfLine)));
  const least = places.map((cells, i) =>
    Math.min(wanted[i], Math.max(NARROWEST_COLUMN, ...cells.map(widestPart)))
  );
  const room = columns - GUTTER * (count - 1);
  const sum = (widths: number[]) => widths.reduce((total, width) => total + width, 0);
  if (sum(least) > room) return null;
  const widths = [...wanted];
  for (let excess = sum(widths) - room; excess > 0; excess--) {
    let widest = -1;
    widths.forEach((width, i) => {
      if (width > least[i] && (widest < 0 || width > widths[widest])) widest = i;
    });
    widths[widest]--;
  }
  return widths;
}

/** The lines of the cells of one row. */
function sideBySide(cells: Line[][], widths: readonly number[]): Line[] {
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    cells.flatMap((lines, i): Line => {
      const line = lines[at] ?? [];
      const isLast = i === cells.length - 1;
      const padding = isLast ? 0 : widths[i] + GUTTER - columnsOfLine(line);
      return [...line, { text: " ".repeat(padding), style: "plain" }];
    }));
}
