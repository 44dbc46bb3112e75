/** `--fail-if CONDITION`: results that make a command exit with 1. */
import { messageOf } from "../../system/message_of.ts";
import { InvalidArgumentError, Option } from "commander";
import { evaluateFailIf, type FailIf, parseFailIf } from "../../bench/fail_if.ts";
import type { Result } from "../../bench/result.ts";
import { printNote } from "./output.ts";

/** The option; it may be repeated. */
export function failIfOption(): Option {
  return new Option(
    "--fail-if <condition>",
    "exit 1 if it holds, such as 'p99>20ms' or 'unsent>0'; repeatable",
  )
    .argParser((text, before: FailIf[]) => {
      try {
        return [...before, parseFailIf(text)];
      } catch (error) {
        throw new InvalidArgumentError(messageOf(error));
      }
    })
    .default([], "none");
}

/** Whether one of `conditions` holds for `result`; says on stderr which, and why. */
export function isFailed(command: string, conditions: readonly FailIf[], result: Result): boolean {
  const reasons = conditions.flatMap((condition) => evaluateFailIf(condition, result) ?? []);
  for (const reason of reasons) printNote(`ktcp ${command}: --fail-if ${reason}`);
  return reasons.length > 0;
}
