/** Lab `resets`: where the errors of sockets come from. */
import { readProc } from "../../system/proc.ts";
import { formatCount } from "../../system/units.ts";
import { type FigureKey, figureOf } from "./figures.ts";
import { capitalized } from "../report/text_layout.ts";
import type { Lab, LabContext, Target } from "./lab.ts";
import { httpSample, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import type { ResetCase } from "./reset_cases.ts";
import { ResetStage } from "./reset_stage.ts";
import { sendUnwanted, UNWANTED_BYTES } from "./unwanted_body.ts";
import { type Finding, noiseFinding } from "./verdict.ts";

const AMOUNTS = {
  quick: { connections: 100, unwanted: 10, durationMs: 200 },
  full: { connections: 500, unwanted: 20, durationMs: 2000 },
};

/** Concurrent connections of the load, and backlogs without and with room for them. */
const LOAD_CONNECTIONS = 64;
const BACKLOGS = [8, 1024];

const PLAYED = "played by one thread";
const UNWANTED = "content that nobody reads";
const LOAD = "a connection per request";
const SETTING = "tcp_abort_on_overflow";

/** A row of the first table: the case, and its lesson. */
interface Row {
  label: string;
  name: ResetCase;
  abortOnOverflow?: boolean;
  /** The conclusion, if `proof` was counted. */
  lesson: string;
  proof: FigureKey;
}

const ROWS: readonly Row[] = [
  {
    label: "both read all",
    name: "both read everything",
    lesson: "A close after everything was read is a FIN: no error on either side.",
    proof: "wholeAnswers",
  },
  {
    label: "client leaves 2 bytes",
    name: "the client leaves 2 bytes unread",
    lesson:
      "khttpd does this to wget: it announces 12 bytes and sends 14. wget reads 12, closes, " +
      "and its kernel resets the connection because bytes are left; khttpd logs recv error -104 " +
      "(ECONNRESET). The client sees no error.",
    proof: "serverResets",
  },
  {
    label: "server leaves bytes",
    name: "the server leaves bytes unread",
    lesson: "A server with a buffer shorter than the request, or that refuses one early, resets " +
      "the connection when it closes: the client's next call fails.",
    proof: "clientResets",
  },
  {
    label: "SO_LINGER 0",
    name: "the server closes with SO_LINGER 0",
    lesson: "SO_LINGER with 0 s makes each close a reset, even after a complete answer.",
    proof: "clientResets",
  },
  {
    label: "request meets close",
    name: "a request meets a close",
    lesson:
      "The first request after the server's close is sent without an error and answered by a " +
      "reset; the next call fails with EPIPE. Load clients meet this when idle connections time out.",
    proof: "clientPipes",
  },
  {
    label: "request meets reset",
    name: "a request crosses a reset",
    lesson: "A reset that arrived before the call makes it fail with ECONNRESET.",
    proof: "clientResets",
  },
  {
    label: "nobody listens",
    name: "nobody listens",
    lesson: "Without a listener the kernel answers the SYN with a reset: ECONNREFUSED.",
    proof: "clientRefused",
  },
  {
    label: "queue full",
    name: "the accept queue is full",
    abortOnOverflow: false,
    lesson:
      "A SYN that finds the accept queue full is dropped: the client waits, and sees no error " +
      "unless it gives up.",
    proof: "unanswered",
  },
  {
    label: "late overflow, abort 0",
    name: "the accept queue fills during handshakes",
    abortOnOverflow: false,
    lesson: "The queue filled during these handshakes: the client believes that it is connected, " +
      "sends its request, and gets no answer.",
    proof: "unanswered",
  },
  {
    label: "late overflow, abort 1",
    name: "the accept queue fills during handshakes",
    abortOnOverflow: true,
    lesson: `With ${SETTING} = 1 the same overflow is an error at once.`,
    proof: "clientResets",
  },
];

/** Errors that a call of the client returns. */
const CLIENT_ERRORS = ["clientResets", "clientPipes", "clientRefused"] as const;

export const resets: Lab = {
  name: "resets",
  question: "Where do socket errors come from?",
  seconds: { quick: 14, full: 35 },
  takes: ["http"],
  async run(context) {
    const amount = context.isQuick ? AMOUNTS.quick : AMOUNTS.full;
    const starting = BACKLOGS.map((backlog) =>
      context.host.start("http", ["--model", "single", "--backlog", `${backlog}`])
    );
    using stage = await ResetStage.start();
    // The effect of the kernel's setting can only be shown where it can be changed.
    const rows = ROWS.filter(({ abortOnOverflow }) => stage.refusal === null || !abortOnOverflow);
    return await withServers(starting, async (servers) => {
      const roomy = servers[1];
      const http = [{ label: "ktcp http", target: roomy as Target }]
        .concat(context.targets.map((target) => ({ label: target.name, target })));
      const variants = await measure([
        ...rows.map((row) => playSpec(row, stage, amount.connections)),
        ...http.map(({ label, target }) => unwantedSpec(label, target, amount.unwanted, context)),
        ...servers.map((server, i) =>
          loadSpec(`ktcp http, backlog ${BACKLOGS[i]}`, server, amount.durationMs, context)
        ),
        ...context.targets.map((target) =>
          loadSpec(target.name, target, amount.durationMs, context)
        ),
      ], context);
      return {
        setup: [
          `Both ends of ${formatCount(amount.connections)} connections are played by one thread, ` +
          "step by step; the errors are those of its calls at either end. " +
          (stage.refusal === null
            ? "It has a network namespace of its own, so the kernel's counters are of these " +
              `connections alone, and ${SETTING} can be changed.`
            : `It has no network namespace of its own (${stage.refusal}), so nothing is counted by ` +
              `the kernel, and ${SETTING} is not changed.`),
          `${amount.unwanted} requests with ${
            UNWANTED_BYTES >> 20
          } MiB that the server has no use ` +
          "for, each on a connection of its own; the client sends all of it, then reads to the end.",
          `A connection per request, ${LOAD_CONNECTIONS} at once, for ${amount.durationMs} ms, with ` +
          "a backlog that is too short and one that is not.",
          `This machine has net.ipv4.${SETTING} = ${
            setting() ?? "unknown"
          }; 'abort 0' and 'abort 1' ` +
          "are rows with this setting.",
        ],
        variants,
        drawings: [
          {
            kind: "bars",
            title: "Connections that ended in ECONNRESET at the client",
            figure: "clientResets",
            groups: [PLAYED],
          },
          {
            kind: "bars",
            title: "Connections that ended in ECONNRESET at the server",
            figure: "serverResets",
            groups: [PLAYED],
          },
          { kind: "cdf", title: "Latency by backlog", of: "latency", group: LOAD },
        ],
        findings: conclude(variants, {
          rows,
          connections: amount.connections,
          refusal: stage.refusal,
        }),
      };
    });
  },
};

function setting(): string | undefined {
  return readProc(`/proc/sys/net/ipv4/${SETTING}`)?.trim();
}

function playSpec(
  { label, name, abortOnOverflow }: Row,
  stage: ResetStage,
  connections: number,
): VariantSpec {
  return {
    group: PLAYED,
    label,
    run: async () => {
      const { tally, counters } = await stage.play({ name, connections, abortOnOverflow });
      return { failed: 0, figures: { ...tally, ...counters } };
    },
  };
}

function unwantedSpec(
  label: string,
  target: Target,
  count: number,
  { signal }: LabContext,
): VariantSpec {
  return {
    group: UNWANTED,
    label,
    run: async () => ({ failed: 0, figures: await sendUnwanted(target, count, signal) }),
  };
}

function loadSpec(
  label: string,
  target: Target,
  durationMs: number,
  { signal }: LabContext,
): VariantSpec {
  return {
    group: LOAD,
    label,
    run: async (): Promise<Sample> => {
      const load = { concurrency: LOAD_CONNECTIONS, isKeepAlive: false, durationMs, signal };
      const { good, errors, ...sample } = await httpSample(target, load);
      Object.assign(sample.figures, {
        connections: good + sample.failed,
        clientResets: errors.reset,
        clientRefused: errors.refused,
        unanswered: errors.timeout,
      });
      return sample;
    },
  };
}

function conclude(
  variants: VariantResult[],
  { rows, connections, refusal }: {
    rows: readonly Row[];
    /** Of each row. */
    connections: number;
    refusal: string | null;
  },
): Finding[] {
  const find = (group: string, label: string) =>
    variants.find((variant) => variant.group === group && variant.label === label);
  const played = rows.flatMap((row) => {
    const variant = find(PLAYED, row.label);
    return variant ? [{ row, variant }] : [];
  });
  return [
    ...played.map(({ row, variant }): Finding => {
      const isShown = countOf(variant, row.proof) > 0;
      return {
        text: `${capitalized(row.label)}: ${endsOf(variant, connections)}.` +
          (isShown ? ` ${row.lesson}` : ""),
        about: `${variant.name}: ${row.proof}`,
        verdict: isShown ? "higher" : "equal",
      };
    }),
    ...candidates(played.map(({ variant }) => variant)),
    ...variants.filter(({ group }) => group === UNWANTED).flatMap(unwantedFinding),
    ...variants.filter(({ group }) => group === LOAD).flatMap(loadFinding),
    ...(refusal === null ? [] : [{
      text: `What ${SETTING} = 1 does was not measured: it needs a network namespace of its own, ` +
        "which takes CAP_SYS_ADMIN (run it as root).",
    }]),
    ...noiseFinding(variants.filter(({ group }) => group === LOAD), "requestsPerSecond"),
  ];
}

function countOf({ spreads }: VariantResult, key: FigureKey): number {
  return spreads[key]?.median ?? 0;
}

/** `100 connections, 100 whole answers, client: ECONNRESET 100`. */
function endsOf(variant: VariantResult, connections: number): string {
  const keys = [...CLIENT_ERRORS, "unanswered", "serverResets"] as const;
  const ends = keys.filter((key) => countOf(variant, key) > 0)
    .map((key) => `${figureOf(key).label} ${formatCount(countOf(variant, key))}`);
  return [
    `${formatCount(connections)} connections`,
    `${formatCount(countOf(variant, "wholeAnswers"))} whole answers`,
    ...(ends.length > 0 ? ends : ["no error"]),
  ].join(", ");
}

/** Which of the causes make a load client count socket errors. */
function candidates(played: readonly VariantResult[]): Finding[] {
  const isError = (variant: VariantResult) =>
    CLIENT_ERRORS.some((key) => countOf(variant, key) > 0);
  const list = (some: readonly VariantResult[]) => some.map(({ label }) => label).join("; ");
  const [can, cannot] = [played.filter(isError), played.filter((variant) => !isError(variant))];
  if (can.length === 0) return [];
  return [{
    text:
      "A report of khttpd on CMWQ leaves 864 socket errors open. A client counts what its own " +
      `calls return, so these can be the cause: ${list(can)}. These cannot: ${list(cannot)}.`,
    about: "candidates for socket errors of a client",
  }];
}

function unwantedFinding(variant: VariantResult): Finding[] {
  const [all, whole] = (["connections", "wholeAnswers"] as const)
    .map((key) => countOf(variant, key));
  if (all === 0) return [];
  const reset = CLIENT_ERRORS.reduce((sum, key) => sum + countOf(variant, key), 0);
  const isSafe = whole === all && reset === 0;
  return [{
    text: `${variant.label} answered ${formatCount(whole)} of ${formatCount(all)} requests whose ` +
      `content it has no use for, and reset ${formatCount(reset)} of the connections: ` +
      (isSafe
        ? "it reads and discards the remaining input before it closes, or reads all of it first."
        : "it closed with bytes unread."),
    about: `${variant.name}: resets`,
    verdict: isSafe ? "equal" : "higher",
  }];
}

function loadFinding(variant: VariantResult): Finding[] {
  const all = countOf(variant, "connections");
  if (all === 0) return [];
  const errors = CLIENT_ERRORS.reduce((sum, key) => sum + countOf(variant, key), 0);
  return [{
    text: `${variant.label}: ${formatCount(errors)} socket errors in ${formatCount(all)} ` +
      `connections, ${LOAD_CONNECTIONS} at once.`,
    about: `${variant.name}: socket errors`,
    verdict: errors > 0 ? "higher" : "equal",
  }];
}
