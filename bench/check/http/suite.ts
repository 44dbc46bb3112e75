/** The cases of an HTTP server. */
import type { Case } from "../case.ts";

/** All of them. */
export function httpCases(): Case[] {
  return [];
}
