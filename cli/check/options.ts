/** The options of `ktcp check`. */
import { Option } from "commander";
import { GROUPS, type Level, LEVELS } from "../../bench/check/case.ts";
import { count, duration, file } from "../shared/options.ts";
import { offering } from "../shared/values.ts";

/** Values of the options, as commander parses them. */
export interface CheckFlags {
  level: Level;
  only: string[];
  skip: string[];
  timeout: number;
  pid?: number;
  exec?: string;
  verbose?: boolean;
  json?: boolean;
  junit?: string;
  report?: string;
  allowRemote?: boolean;
}

/** The largest process id that Linux assigns. */
const MAX_PID = 2 ** 22;

const append = (text: string, previous: string[]) => [...previous, text];

/** Every group as a glob: what shells offer. */
const GLOBS = GROUPS.map((group) => `${group}/*`);

/** By subject, in the order in which the help shows them. */
export const CHECK_OPTIONS: Readonly<Record<string, readonly Option[]>> = {
  "Common options": [
    new Option(
      "--level <level>",
      "must: what an RFC demands; should: also what it recommends; hardening: also what ktcp " +
        "refuses beyond the RFCs",
    ).choices(LEVELS).default("should"),
    offering(
      new Option(
        "--only <glob>",
        "only cases whose id matches, such as 'framing/*'; may be repeated",
      ).argParser(append).default([], "all"),
      GLOBS,
    ),
    offering(
      new Option("--skip <glob>", "no cases whose id matches; may be repeated")
        .argParser(append).default([], "none"),
      GLOBS,
    ),
    new Option("--verbose", "show every case that did not pass, with the bytes sent and received"),
  ],
  "The server": [
    new Option(
      "--exec <command>",
      "start the server with this command, with PORT set to the target's port, and again if it " +
        "dies; only with this option is its end by SIGTERM judged",
    ),
    count("--pid", "the server's process", {
      max: MAX_PID,
      unset: "found by its listening socket",
    }),
    duration("--timeout", "longest wait for an answer", { default: 2000, isPositive: true }),
    new Option("--allow-remote", "judge a server on another machine, too"),
  ],
  "Results": [
    new Option("--json", "print one JSON document"),
    file("--junit", "write a JUnit XML file, for CI systems"),
    file("--report", "write an HTML report"),
  ],
};
