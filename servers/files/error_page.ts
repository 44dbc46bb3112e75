/** Error pages in HTML. Pure. */
import { FRAME_STYLE, FRAME_STYLE_HASH, htmlText, pageHead, pagePolicy } from "./page.ts";

/** Response fields of the page. */
export const ERROR_PAGE_FIELDS: [string, string][] = [
  ["Content-Type", "text/html; charset=utf-8"],
  ["Content-Security-Policy", pagePolicy({ style: FRAME_STYLE_HASH })],
];

/** What a status means; used where there is no detail. */
const MEANINGS: Record<number, string> = {
  401: "This server asks for a user name and a password.",
  403: "The server has no permission to read what is at this address.",
  404: "There is nothing at this address.",
  405: "Files are only read here: this method is not allowed.",
  412: "The file is not in the state that the request asks for.",
  416: "The file does not have the part that the request asks for.",
  500: "The server could not read what is at this address.",
  503: "The server has too much to do. Try again in a few seconds.",
};

/** The page for `title`, the status and its name, with a sentence that explains it. */
export function writeErrorPage(status: number, title: string, detail: string | undefined): string {
  const sentence = detail === undefined
    ? MEANINGS[status] ?? "The server does not answer this request."
    : `${detail[0].toUpperCase()}${detail.slice(1)}.`;
  return `${pageHead(title, FRAME_STYLE)}<body>
<header>
<h1>${htmlText(title)}</h1>
</header>
<main>
<p>${htmlText(sentence)}</p>
</main>
<footer><span>ktcp</span></footer>
</body>
</html>
`;
}
