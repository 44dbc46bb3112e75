/** `ktcp lab NAME --explain`: a lab's page in the terminal. */
import { readPage } from "../../bench/lab/pages.ts";
import type { Language } from "../../bench/report/language.ts";
import { terminalMarkdown } from "../../bench/report/terminal_markdown.ts";
import { outputWidth, printResult } from "../shared/output.ts";

/** Shows the pages `names` one below the other; on a terminal in the user's pager. */
export async function explain(names: readonly string[], language: Language): Promise<void> {
  const pages = await Promise.all(names.map((name) => readPage(name, language)));
  const isTerminal = Deno.stdout.isTerminal();
  const layout = { columns: outputWidth(), hasColour: isTerminal && !Deno.noColor };
  const text = pages.map((page) => terminalMarkdown(page, layout)).join("\n\n\n");
  if (!isTerminal || !await showInPager(text)) printResult(text);
}

/**
 * Shows `text` in `PAGER`, by default less. As git does, `LESS` makes it keep colours and end at once
 * when all fits on the screen, unless the user has set it; the text is UTF-8 whatever the locale.
 *
 * @returns false when there is no pager
 */
async function showInPager(text: string): Promise<boolean> {
  const pager = Deno.env.get("PAGER") || "less";
  if (pager === "cat" || Deno.build.os === "windows") return false;
  // Ctrl-C is for the pager, which goes on reading from the terminal.
  const ignore = () => {};
  Deno.addSignalListener("SIGINT", ignore);
  try {
    const process = new Deno.Command("sh", {
      args: ["-c", `command -v ${pager} >/dev/null 2>&1 || exit 127; ${pager}`],
      env: { LESS: "FRX", LESSCHARSET: "utf-8", ...Deno.env.toObject() },
      stdin: "piped",
    }).spawn();
    const writer = process.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(text + "\n"));
      await writer.close();
    } catch {
      // The user left the pager before the end.
    }
    return (await process.status).code !== 127;
  } catch {
    return false;
  } finally {
    Deno.removeSignalListener("SIGINT", ignore);
  }
}
