/** The cases of an HTTP server: replayed requests, and one file of `cases/` for each group. */
import type { Case, Group } from "../case.ts";
import { casesOf } from "../data_case.ts";
import { SHARED_PROCEDURES } from "../procedures/shared.ts";
import bytes from "./cases/bytes.json" with { type: "json" };
import concurrency from "./cases/concurrency.json" with { type: "json" };
import end from "./cases/end.json" with { type: "json" };
import persistence from "./cases/persistence.json" with { type: "json" };
import resources from "./cases/resources.json" with { type: "json" };
import robustness from "./cases/robustness.json" with { type: "json" };
import stream from "./cases/stream.json" with { type: "json" };
import { HTTP_PROCEDURES } from "./procedures.ts";
import { replayedCases } from "./replayed.ts";

/** The cases that are not replayed requests. */
const FILES: Partial<Record<Group, readonly unknown[]>> = {
  bytes,
  stream,
  persistence,
  concurrency,
  robustness,
  resources,
  end,
};

/** All of them. */
export function httpCases(): Case[] {
  const procedures = { ...SHARED_PROCEDURES, ...HTTP_PROCEDURES };
  const own = Object.entries(FILES).flatMap(([group, entries]) =>
    casesOf(group as Group, entries, procedures)
  );
  return [...own, ...replayedCases()];
}
