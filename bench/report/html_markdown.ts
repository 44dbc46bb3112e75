/** Renders Markdown as HTML for a part of a page. Pure. */
// @ts-types="@types/escape-html"
import escapeHtml from "escape-html";
import { Marked, type Tokens } from "marked";

/** How Markdown becomes part of a page. */
export interface HtmlOptions {
  /** The heading level of `#`: 3 makes `##` an `h4`. */
  level: number;
  /** The URL of a link; null leaves only its text. */
  resolve(target: string): string | null;
  /** What a screen reader announces for a scrollable table or block of code. */
  labels: { table: string; code: string };
}

/** Renders `markdown`, which must be part of this program; HTML inside it is left out. */
export function htmlMarkdown(markdown: string, { level, resolve, labels }: HtmlOptions): string {
  // Scrollable elements have to be reachable by keyboard.
  const scrolling = (label: string, content: string) =>
    `<div class="scroll" tabindex="0" role="group" aria-label="${escapeHtml(label)}">\n` +
    `${content}\n</div>\n`;
  let count = 0;
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading) {
        const at = Math.min(6, level + depth - 1);
        return `<h${at}>${this.parser.parseInline(tokens)}</h${at}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const text = this.parser.parseInline(tokens);
        const target = resolve(href);
        return target === null ? text : `<a href="${escapeHtml(target)}">${text}</a>`;
      },
      code({ text }: Tokens.Code) {
        return scrolling(
          `${labels.code} ${++count}`,
          `<pre><code>${escapeHtml(text)}</code></pre>`,
        );
      },
      table({ header, rows }: Tokens.Table) {
        const cells = (row: Tokens.TableCell[], tag: (i: number) => [string, string]) =>
          `<tr>${
            row.map(({ tokens }, i) => {
              const [open, close] = tag(i);
              return `<${open}>${this.parser.parseInline(tokens)}</${close}>`;
            }).join("")
          }</tr>`;
        const head = cells(header, () => ['th scope="col"', "th"]);
        const body = rows.map((row) =>
          cells(row, (i) => (i === 0 ? ['th scope="row"', "th"] : ["td", "td"]))
        );
        return scrolling(
          `${labels.table} ${++count}`,
          `<table class="words">\n<thead>${head}</thead>\n<tbody>\n${
            body.join("\n")
          }\n</tbody>\n</table>`,
        );
      },
      html: () => "",
    },
  });
  return (marked.parse(markdown, { async: false }) as string).trim();
}
