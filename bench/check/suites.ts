/** All cases of each kind of server. They are large, and loaded on demand. */
import type { Case } from "./case.ts";

/** What can be judged. */
export const KINDS = ["http", "echo"] as const;
export type Kind = typeof KINDS[number];

/** The cases of `kind`. */
export async function loadCases(kind: Kind): Promise<Case[]> {
  if (kind === "echo") return (await import("./echo/suite.ts")).echoCases();
  return (await import("./http/suite.ts")).httpCases();
}
