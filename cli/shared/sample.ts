/** `--sample`: a line of JSON at regular intervals, for the program that started this one. */
import { Option } from "commander";
import { integerBetween } from "./options.ts";

/** Bounds of the time between two samples, in ms: threads can keep to the one, the other is still live. */
const MIN_SAMPLE_MS = 50;
const MAX_SAMPLE_MS = 10_000;

/**
 * The option. It is for programs, such as the playground: the help does not show it.
 *
 * @param minMs the shortest time between two samples
 */
export function sampleOption(minMs = MIN_SAMPLE_MS): Option {
  return new Option("--sample <ms>", "a line of JSON on stdout every <ms> milliseconds")
    .argParser(integerBetween(minMs, MAX_SAMPLE_MS)).hideHelp();
}
