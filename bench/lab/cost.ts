/** Lab `cost`: where the time of a request goes. */
import { formatCount, formatLatency } from "../../system/units.ts";
import type { ForeignTarget, Lab, LabContext, LabServer, Target } from "./lab.ts";
import { echoSample, httpSample, paddingNotes, withServers } from "./loads.ts";
import { measure, summarizeVariant, type VariantResult, type VariantSpec } from "./measure.ts";
import { BROWSER_BYTES, browserRequest, measureParser, shortRequest } from "./parser_cost.ts";
import { factor, type Finding, finding, noiseFinding } from "./verdict.ts";

const CONNECTIONS = 32;
const PIPELINE = 16;
const ECHO_CLIENTS = 8;
const WARMUP_MS = 100;
/** `traced`: requests while strace counts, enough for an average, but few: each call is slow then. */
const AMOUNTS = {
  quick: { durationMs: 250, parserMs: 60, echoMessages: 500, traced: 500 },
  full: { durationMs: 3000, parserMs: 500, echoMessages: 10_000, traced: 2000 },
};
const TRACED_CONNECTIONS = 8;
/** Most system calls that a sentence names. */
const NAMED_CALLS = 4;

const PARSER = "parser";
const HTTP = "server";
const SYSCALLS = "system calls";
const OWN = "ktcp http";
const ECHO_BYTES = 64;
const OWN_ECHO = `ktcp echo, ${ECHO_BYTES} bytes`;
const NGINX = "nginx";
const PIPELINED = `, ${PIPELINE} pipelined`;

export const cost: Lab = {
  name: "cost",
  question: "Where does a request's time go?",
  seconds: { quick: 6, full: 72 },
  takes: ["echo", "http"],
  async run(context) {
    const { host, signal } = context;
    const amount = context.isQuick ? AMOUNTS.quick : AMOUNTS.full;
    const nginx = await host.startNginx();
    const starting = [
      host.start("http", ["--model", "single"]),
      host.start("echo", ["--model", "single"]),
      ...(typeof nginx === "string" ? [] : [Promise.resolve(nginx)]),
    ];
    return await withServers(starting, async ([http, echoServer, nginxServer]) => {
      const foreign = context.targets.filter(({ protocol }) => protocol === "http");
      const echoes = [
        { label: OWN_ECHO, target: echoServer as Target, sizeBytes: ECHO_BYTES },
        ...context.targets.filter(({ protocol }) => protocol === "echo").map((target) => ({
          label: target.name,
          target,
          sizeBytes: target.padsTo ?? ECHO_BYTES,
        })),
      ];
      const servers: { label: string; target: Target }[] = [
        { label: OWN, target: http },
        ...(nginxServer ? [{ label: NGINX, target: nginxServer }] : []),
        ...foreign.map((target) => ({ label: target.name, target })),
      ];
      for (const { target } of servers) await warmUp(target, signal);
      const variants = await measure([
        ...parserSpecs(amount.parserMs),
        ...servers.flatMap((server) => serverSpecs(server, amount.durationMs, signal)),
        ...echoes.map(({ label, target, sizeBytes }) => ({
          group: HTTP,
          label,
          run: () =>
            echoSample(target, {
              clients: ECHO_CLIENTS,
              messages: amount.echoMessages,
              sizeBytes,
              signal,
            }),
        })),
      ], context);
      const traced = nginxServer ? [http, nginxServer] : [http];
      const calls: Traced[] = [];
      for (const [i, server] of traced.entries()) {
        if (!signal.aborted) {
          calls.push(await trace(servers[i].label, server, { host, requests: amount.traced }));
        }
      }
      variants.push(...calls.flatMap(({ variant }) => variant ?? []));
      return {
        setup: [
          `The parser alone, in WebAssembly: a browser's request of ${BROWSER_BYTES} bytes, and ` +
          "the shortest one; the copy into its memory included.",
          `Servers: "Hello World!" over ${CONNECTIONS} keep-alive connections, one request at a ` +
          `time, and ${PIPELINE} pipelined; one thread each. CPU time is that of the server's ` +
          "process, from its own clock; the kernel tells its parts apart by looking at each tick.",
          typeof nginx === "string"
            ? `Without nginx: ${nginx}.`
            : "nginx: one process, 'return 200', access log off.",
          ...paddingNotes(context.targets),
          `System calls: ${formatCount(amount.traced)} requests over ${TRACED_CONNECTIONS} ` +
          "connections, counted by strace, in a run of their own.",
        ],
        variants,
        drawings: [
          {
            kind: "bars",
            title: "CPU time of the server per request",
            figure: "cpuUsPerRequest",
            groups: [HTTP],
          },
          {
            kind: "bars",
            title: "Requests per second",
            figure: "requestsPerSecond",
            groups: [HTTP],
          },
          {
            kind: "spectrum",
            title: "Latency by server",
            of: "latency",
            group: HTTP,
          },
        ],
        findings: conclude(variants, calls, context.targets),
      };
    });
  },
};

async function warmUp(target: Target, signal: AbortSignal): Promise<void> {
  for (const pipeline of [1, PIPELINE]) {
    const load = {
      concurrency: CONNECTIONS,
      isKeepAlive: true,
      pipeline,
      durationMs: WARMUP_MS,
      signal,
    };
    await httpSample(target, load);
  }
}

function parserSpecs(durationMs: number): VariantSpec[] {
  return [browserRequest(), shortRequest()].map((request) => ({
    group: PARSER,
    label: `request of ${request.length} bytes`,
    run: () =>
      Promise.resolve({ failed: 0, figures: { parseNs: measureParser(request, durationMs) } }),
  }));
}

function serverSpecs(
  { label, target }: { label: string; target: Target },
  durationMs: number,
  signal: AbortSignal,
): VariantSpec[] {
  return [1, PIPELINE].map((pipeline) => ({
    group: HTTP,
    label: pipeline === 1 ? label : label + PIPELINED,
    run: () =>
      httpSample(target, {
        concurrency: CONNECTIONS,
        isKeepAlive: true,
        pipeline,
        durationMs,
        signal,
      }),
  }));
}

/** The system calls of one server. */
interface Traced {
  label: string;
  /** Calls per request by name, most frequent first; a text says why there are none. */
  perRequest: [name: string, count: number][] | string;
  variant?: VariantResult;
}

async function trace(
  label: string,
  server: LabServer,
  { host, requests }: { host: LabContext["host"]; requests: number },
): Promise<Traced> {
  let good = 0;
  let failed = 0;
  const counts = await host.countSyscalls(server.pid, async () => {
    ({ good, failed } = await httpSample(server, {
      concurrency: TRACED_CONNECTIONS,
      isKeepAlive: true,
      requests,
    }));
  });
  if (typeof counts === "string") return { label, perRequest: counts };
  const perRequest = [...counts].sort(([, a], [, b]) => b - a)
    .map(([name, count]): [string, number] => [name, count / good]);
  const total = perRequest.reduce((sum, [, count]) => sum + count, 0);
  const figures = { syscallsPerRequest: total };
  return {
    label,
    perRequest,
    variant: summarizeVariant({ group: SYSCALLS, label }, [{ failed, figures }]),
  };
}

function conclude(
  variants: VariantResult[],
  calls: Traced[],
  targets: readonly ForeignTarget[],
): Finding[] {
  const find = (label: string, group = HTTP) =>
    variants.find((variant) => variant.group === group && variant.label === label);
  const [own, pipelined] = [find(OWN), find(OWN + PIPELINED)];
  const parse = variants.find(({ group }) => group === PARSER)?.spreads.parseNs?.median;
  return [
    ...shares(own, pipelined, parse),
    ...finding(own, pipelined, "cpuUsPerRequest"),
    ...finding(own, find(NGINX), "cpuUsPerRequest", {
      meaning: {
        lower: "ktcp spends less CPU time on such a request than nginx.",
        equal: "ktcp spends as much CPU time on such a request as nginx.",
        higher: "nginx spends less CPU time on such a request.",
      },
    }),
    ...finding(pipelined, find(NGINX + PIPELINED), "requestsPerSecond"),
    ...targets.flatMap(({ name, protocol }) => {
      const [mine, unit] = protocol === "echo"
        ? [find(OWN_ECHO), "Message"] as const
        : [own, "Request"] as const;
      // Without its process the server's CPU time is unknown.
      const hasCpu = find(name)?.spreads[`cpuUsPer${unit}`] !== undefined;
      const rate = protocol === "echo" ? "messagesPerSecond" : "requestsPerSecond";
      return finding(find(name), mine, hasCpu ? `cpuUsPer${unit}` : rate);
    }),
    ...calls.map(({ label, perRequest }): Finding => ({
      text: typeof perRequest === "string"
        ? `System calls of ${label} were not counted: ${perRequest}`
        : `System calls of ${label} per request: ${
          perRequest.slice(0, NAMED_CALLS)
            .map(([name, count]) => `${name} ${Number(count.toPrecision(2))}`).join(", ")
        }.`,
    })),
    ...noiseFinding(variants.filter(({ group }) => group === HTTP), "cpuUsPerRequest"),
  ];
}

/**
 * Splits the CPU time. A batch of pipelined requests is read and written at once, so the extra cost
 * of a request without pipelining is that of the exchange with the kernel, including waking up.
 */
function shares(
  own: VariantResult | undefined,
  pipelined: VariantResult | undefined,
  parseNs: number | undefined,
): Finding[] {
  const [alone, batched] = [own, pipelined].map((one) => one?.spreads.cpuUsPerRequest?.median);
  const kernel = own?.spreads.systemUsPerRequest?.median;
  if (alone === undefined || batched === undefined || kernel === undefined) return [];
  const exchange = Math.max(0, alone - batched);
  const percent = (us: number) => `${Math.round(100 * us / alone)}%`;
  const findings: Finding[] = [{
    text: `A request alone costs ktcp ${formatLatency(alone)} of CPU time, ${percent(kernel)} of ` +
      `it in the kernel. One of ${PIPELINE} in a batch, for which there is one read and one ` +
      `write, costs ${formatLatency(batched)}: parsing and answering take no more than that, and ` +
      `reading, writing and waiting at least ${formatLatency(exchange)} (${percent(exchange)}).`,
    about: `${OWN}: share of the exchange with the kernel`,
    verdict: exchange > batched ? "higher" : "lower",
  }];
  if (parseNs !== undefined) {
    findings.push({
      text: `Parsing even a browser's ${BROWSER_BYTES} bytes takes ${formatCount(parseNs)} ns, ` +
        `${factor(100 * parseNs / 1000 / alone)}% of that: the parser is ` +
        `${parseNs / 1000 < alone / 4 ? "not" : "a good part of"} where the time goes.`,
      about: "parser's share",
      verdict: parseNs / 1000 < alone / 4 ? "lower" : "higher",
    });
  }
  return findings;
}
