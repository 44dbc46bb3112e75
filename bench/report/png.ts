/** Turns SVG into PNG with resvg, compiled to Wasm; text is drawn in DejaVu Sans, shipped with it. */

/** Resolution of the picture relative to the size of the SVG. */
const SCALE = 2;

/** Set once {@linkcode renderPng} has set up resvg, which can be done only once in a process. */
let ready: Promise<void> | undefined;

/**
 * Draws the SVG document `svg` as a PNG of twice its size in pixels. resvg and the fonts (3 MB) are
 * loaded by the first call.
 */
export async function renderPng(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  const [{ initWasm, Resvg }, { default: wasm }, { default: regular }, { default: bold }] =
    await Promise.all([
      import("@resvg/resvg-wasm"),
      import("@resvg/resvg-wasm/index_bg.wasm", { with: { type: "bytes" } }),
      import("@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2", {
        with: { type: "bytes" },
      }),
      import("@fontsource/dejavu-sans/files/dejavu-sans-latin-700-normal.woff2", {
        with: { type: "bytes" },
      }),
    ]);
  ready ??= initWasm(wasm);
  await ready;
  const drawing = new Resvg(svg, {
    fitTo: { mode: "zoom", value: SCALE },
    font: {
      fontBuffers: [regular, bold],
      loadSystemFonts: false,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
  });
  try {
    const image = drawing.render();
    try {
      return image.asPng() as Uint8Array<ArrayBuffer>;
    } finally {
      image.free();
    }
  } finally {
    drawing.free();
  }
}
