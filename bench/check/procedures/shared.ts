/** The procedures that need only exchanges, for both HTTP and echo. */
import type { Procedure } from "../data_case.ts";
import { CONCURRENCY_PROCEDURES } from "./concurrency.ts";
import { END_PROCEDURES } from "./end.ts";
import { RESOURCES_PROCEDURES } from "./resources.ts";
import { ROBUSTNESS_PROCEDURES } from "./robustness.ts";
import { STREAM_PROCEDURES } from "./stream.ts";

/** Procedures by name. */
export const SHARED_PROCEDURES: Readonly<Record<string, Procedure>> = {
  ...STREAM_PROCEDURES,
  ...CONCURRENCY_PROCEDURES,
  ...ROBUSTNESS_PROCEDURES,
  ...RESOURCES_PROCEDURES,
  ...END_PROCEDURES,
};
