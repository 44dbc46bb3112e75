/** The cases of an echo server: one file of `cases/` for each group. */
import type { Case } from "../case.ts";
import { casesOf } from "../data_case.ts";
import bytes from "./cases/bytes.json" with { type: "json" };
import { ECHO_PROCEDURES } from "./procedures.ts";

/** All of them. */
export function echoCases(): Case[] {
  return casesOf("bytes", bytes, ECHO_PROCEDURES);
}
