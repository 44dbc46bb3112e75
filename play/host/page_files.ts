/** The page as `deno task build` made it, both when ktcp runs from source and in an executable. */

/** The texts of the page's files. */
export interface PageFiles {
  /** With `@TOKEN@` where the token goes. */
  html: string;
  js: string;
  css: string;
}

/** Loads the page, only when it is to be shown. @throws when it was not built */
export async function loadPageFiles(): Promise<PageFiles> {
  const [html, js, css] = await Promise.all([
    import("../page/dist/index.html", { with: { type: "text" } }),
    import("../page/dist/page.js", { with: { type: "text" } }),
    import("../page/dist/page.css", { with: { type: "text" } }),
  ]);
  return { html: html.default, js: js.default as unknown as string, css: css.default };
}
