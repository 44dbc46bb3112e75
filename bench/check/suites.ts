/** All cases of each kind of server. Loaded when they are needed: they are large. */
import type { Case } from "./case.ts";

/** What can be judged. */
export const KINDS = ["http", "echo"] as const;
export type Kind = typeof KINDS[number];

/** The cases of `kind`. `path` is that of the URL, for HTTP. */
export async function loadCases(kind: Kind): Promise<Case[]> {
  if (kind === "echo") return (await import("./echo/suite.ts")).echoCases();
  return (await import("./http/suite.ts")).httpCases();
}
