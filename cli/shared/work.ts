/** `--work` and `--work-kind`: what each message costs a server before it is answered. */
import { InvalidArgumentError, Option } from "commander";
import { measureWork, type MessageWork, WORK_KINDS, type WorkKind } from "../../servers/mod.ts";
import { UsageError } from "./failure.ts";
import { parseDuration } from "./options.ts";

/** Values of the options. */
export interface WorkFlags {
  /** In ms. */
  work?: number;
  workKind?: WorkKind;
}

const LEAST_MS = 0.001;
const MOST_MS = 10_000;

function parseWork(text: string): number {
  const ms = parseDuration(text);
  if (ms >= LEAST_MS && ms <= MOST_MS) return ms;
  throw new InvalidArgumentError("Write a time from 1us to 10s, like 500us or 2ms.");
}

/** The options of a server; `message` is what it calls a message. */
export function workOptions(message: string): Option[] {
  return [
    new Option("--work <time>", `what each ${message} costs before it is answered`)
      .argParser(parseWork),
    new Option(
      "--work-kind <kind>",
      "how it is spent: with arithmetic (compute) or asleep, as if waiting for a disk (block)",
    ).choices(WORK_KINDS).default(undefined, WORK_KINDS[0]),
  ];
}

/** The work that was asked for; measuring `compute` takes some 20 ms. @throws {UsageError} */
export function messageWork({ work, workKind }: WorkFlags): MessageWork | undefined {
  if (work !== undefined) {
    return measureWork({ kind: workKind ?? WORK_KINDS[0], timeUs: work * 1000 });
  }
  if (workKind === undefined) return undefined;
  throw new UsageError(`option '--work-kind ${workKind}' is for --work; add --work 500us, say`);
}
