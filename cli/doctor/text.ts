/** The findings of `ktcp doctor` as text. */
import { amountOf, type Check, effectOf } from "../../bench/load/limits.ts";
import { wrap } from "../../bench/report/text_layout.ts";
import type { Machine } from "../../system/machine.ts";
import { formatBytes, formatCount } from "../../system/units.ts";
import { shellLines } from "../shared/shell_lines.ts";
import { VERSION } from "../shared/version.ts";
import type { Engine, Interface } from "./facilities.ts";
import type { Tool } from "./tools.ts";

/** All that was looked at, as `--json` prints it. */
export interface Findings {
  /** Planned clients. */
  threads: number;
  checks: Check[];
  /** Whether all of them hold. */
  ok: boolean;
  engines: Engine[];
  runtime: { commit: string; deno: string; v8: string; isCompiled: boolean };
  machine: Machine;
  interfaces: Interface[];
  tools: Tool[];
}

/** A line of a list: a mark, a name, a text, and what to type. */
interface Row {
  mark: string;
  name: string;
  /** Parts that are not broken: the words of a sentence, or a whole figure. */
  text: readonly string[];
  /** A sentence below the line. */
  more?: string;
  fix?: string;
}

/** If fewer columns are left, a row's text goes below its name. */
const LEAST_ROOM = 16;
/** Columns of the marks. */
const MARK = 6;

/** The findings in at most `width` columns where their words allow it. */
export function doctorText(findings: Findings, width: number): string {
  const { threads, checks, engines, runtime, machine, interfaces, tools } = findings;
  return [
    headText(runtime, width),
    listText("This machine:", machineRows(machine), width),
    limitsText(threads, checks, width),
    listText("Engines of servers and clients (--engine):", engines.map(engineRow), width),
    listText("The kernel's interfaces that ktcp uses:", interfaces.map(interfaceRow), width),
    listText("Tools that ktcp uses where they are installed:", tools.map(toolRow), width),
  ].join("\n\n");
}

function headText({ commit, deno, v8, isCompiled }: Findings["runtime"], width: number): string {
  const form = isCompiled ? "one executable" : "from source";
  return wrap(`ktcp ${VERSION} (commit ${commit}, ${form}) on deno ${deno}, V8 ${v8}`, {
    width,
    margin: "",
  });
}

/** The checks; those that fail also with their effect and what to type. */
export function limitsText(threads: number, checks: readonly Check[], width: number): string {
  const values = checks.map((check) => amountOf(check.name, check.value));
  const valueWidth = Math.max(...values.map((value) => value.length));
  const rows = checks.map((check, i): Row => {
    const { name, needed, ok, fix } = check;
    const need = needed === 0 ? "(not a limit here)" : `needed: ${amountOf(name, needed)}`;
    return {
      mark: ok ? "ok" : "FAIL",
      name,
      text: [`${values[i].padStart(valueWidth)}  ${need}`],
      more: ok ? undefined : effectOf(check),
      fix,
    };
  });
  const failed = checks.filter((check) => !check.ok).length;
  return [
    listText(`${formatCount(threads)} clients and their server in one process:`, rows, width),
    failed === 0 ? "Everything fits." : `${failed} of ${checks.length} will not fit.`,
  ].join("\n\n");
}

function machineRows(machine: Machine): Row[] {
  const { os, kernel, architecture, cpu, cores, coresOnline, memoryBytes, availableBytes } =
    machine;
  const row = (name: string, text: string): Row => ({ mark: "", name, text: words(text) });
  const allowed = coresOnline === null || coresOnline === cores
    ? `${cores}`
    : `${cores} of ${coresOnline}`;
  return [
    row("kernel", `${os} ${kernel}, ${architecture}`),
    row("CPUs", cpu === null ? allowed : `${allowed}: ${cpu}`),
    row(
      "memory",
      formatBytes(memoryBytes) +
        (availableBytes === null ? "" : `, ${formatBytes(availableBytes)} available`),
    ),
    ...(machine.pressure === null ? [] : [row("pressure", pressureText(machine.pressure))]),
    ...machine.ulimits.map(({ name, soft, hard }) =>
      row(
        name,
        soft === hard
          ? limitText(name, soft)
          : `${limitText(name, soft)}, hard limit ${limitText(name, hard)}`,
      )
    ),
  ];
}

/** If threads wait for CPUs for this share of the time or more, in per cent, measurements suffer. */
const BUSY = 10;

function pressureText({ cpu, memory, io }: NonNullable<Machine["pressure"]>): string {
  const [forCpu, forMemory, forDisks] = [cpu, memory, io].map((part) => `${Math.round(part)} %`);
  const text = `in the last 10 s threads waited for CPUs ${forCpu}, memory ${forMemory}, disks ` +
    `${forDisks} of the time`;
  return cpu < BUSY ? text : `${text}; something else runs: 'top' shows it`;
}

function limitText(name: string, value: number | null): string {
  if (value === null) return "unlimited";
  return name === "locked memory" ? formatBytes(value) : formatCount(value);
}

function engineRow({ name, isAvailable, reason, features = [] }: Engine): Row {
  const missing = features.filter((feature) => !feature.isAvailable);
  const known = features.filter((feature) => feature.isAvailable);
  const text = [
    ...(known.length > 0 ? [`with ${known.map(({ name }) => name).join(", ")}`] : []),
    ...missing.map(({ name, since }) => `without ${name} (Linux ${since})`),
  ].join(", ");
  return { mark: isAvailable ? "yes" : "no", name, text: words(reason ?? text) };
}

function interfaceRow({ name, use, isAvailable, reason, fix }: Interface): Row {
  return { mark: isAvailable ? "yes" : "no", name, text: words(use), more: reason, fix };
}

function toolRow({ name, use, path, fix }: Tool): Row {
  return path === null
    ? { mark: "no", name, text: words(use), fix }
    : { mark: "yes", name, text: words(`${use} (${path})`) };
}

function words(text: string): string[] {
  return text.split(" ").filter(Boolean);
}

/** `rows` below `heading`, the texts in a column, or below the names where a column has no room. */
function listText(heading: string, rows: readonly Row[], width: number): string {
  const marks = rows.some(({ mark }) => mark !== "") ? MARK : 2;
  const names = Math.max(...rows.map(({ name }) => name.length));
  const margin = " ".repeat(MARK);
  const lines = rows.flatMap(({ mark, name, text, more, fix }) => {
    const bullet = mark.padEnd(marks) + name.padEnd(names) + "  ";
    const room = Math.max(LEAST_ROOM, ...text.map((part) => part.length));
    const line = text.length === 0
      ? [bullet.trimEnd()]
      : bullet.length + room <= width
      ? [wrap(text, { width, margin: "", bullet })]
      : [bullet.trimEnd(), wrap(text.map((part) => part.trim()), { width, margin })];
    return [
      ...line,
      ...(more ? [wrap(more, { width, margin })] : []),
      ...(fix ? [shellLines(fix, { width, margin })] : []),
    ];
  });
  return [wrap(heading, { width, margin: "" }), "", ...lines].join("\n");
}
