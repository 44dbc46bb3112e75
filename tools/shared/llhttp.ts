/**
 * Extracts llhttp's Wasm from undici, which has it in a module for Node, into a file for the page of
 * `ktcp play`: `play/page/parser/llhttp.wasm`.
 */
import config from "../../deno.json" with { type: "json" };

/** The package that it comes from, `name@version`. */
export const LLHTTP_PACKAGE: string = /^npm:\/(.+)\/$/.exec(config.imports["undici/"])![1];

const output = new URL("../../play/page/parser/llhttp.wasm", import.meta.url);

/** Imported by variable, so that Deno asks the registry about it only when the file is made. */
const MODULE = "undici/lib/llhttp/llhttp_simd-wasm.js";

/** Makes the file unless it is there, or `isForced`. */
export async function extractLlhttp(isForced: boolean): Promise<void> {
  if (!isForced && await isThere()) return;
  const name = MODULE;
  const { default: wasm } = await import(name);
  // Written under another name first, as core.wasm is.
  const partial = new URL(`llhttp.wasm.${Deno.pid}`, output);
  await Deno.writeFile(partial, wasm);
  await Deno.rename(partial, output);
}

async function isThere(): Promise<boolean> {
  try {
    return (await Deno.stat(output)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
