/**
 * Writes `servers/files/mime_types.ts`, the types of files by extension, out of `mime-types`, which
 * itself takes 10 ms of the start of each thread that serves files.
 */
import mime from "mime-types";
import { ROOT } from "./repository.ts";

/** The packages that the table comes from, `name@version`. */
export const MIME_PACKAGES: string[] = Object.keys(
  JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.lock`)).npm,
).filter((name) => /^mime-(?:db|types)@/.test(name));

/** The text of the module. */
export function mimeTypes(): string {
  const types = Map.groupBy(Object.keys(mime.types).sort(), (extension) => mime.types[extension]);
  const lines = [...types].map(([type, extensions]) => {
    const mark = mime.charset(type) === "UTF-8" ? "*" : "";
    return `${type}${mark} ${extensions.join(" ")}\n`;
  });
  return `/**
 * Types of files, made by tools/shared/mime_types.ts: on each line a type, with \`*\` where it is text in
 * UTF-8, and its extensions.
 */
export const MIME_TYPES = \`
${lines.sort().join("")}\`;
`;
}

if (import.meta.main) Deno.writeTextFileSync(`${ROOT}/servers/files/mime_types.ts`, mimeTypes());
