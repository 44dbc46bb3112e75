/** The cases of an HTTP server: replayed requests, and one file of `cases/` for each group. */
import type { Case } from "../case.ts";
import { replayedCases } from "./replayed.ts";

/** All of them. */
export function httpCases(): Case[] {
  return [...replayedCases()];
}
