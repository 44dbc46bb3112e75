/** The options of `ktcp htstress`: their texts, and the load that they describe. */
import { messageOf } from "../../system/message_of.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { HtstressOptions, LoadRequest } from "../../bench/http/htstress.ts";
import type { DnsMode } from "../../bench/http/origins.ts";
import { type Header, parseHeader, type RequestForm, TOKEN } from "../../bench/http/request.ts";
import { type HttpUrl, parseHttpUrl } from "../../bench/http/target.ts";
import type { FailIf } from "../../bench/fail_if.ts";
import {
  addOptionGroups,
  amount,
  count,
  DEFAULT_PORT,
  duration,
  file,
  formatDuration,
  path,
} from "../shared/options.ts";
import {
  type ClientEngineChoice,
  clientEngineFor,
  clientEngineOption,
} from "../shared/client_engine.ts";
import { failIfOption } from "../shared/fail_if.ts";
import { UsageError } from "../shared/failure.ts";
import { startAtOption } from "../shared/start_at.ts";
import { printNote } from "../shared/output.ts";
import { formatCount } from "../../system/units.ts";
import { COMPARE_OPTIONS, type CompareFlags } from "../shared/compare.ts";
import { WATCH_OPTIONS, type WatchFlags } from "../shared/watch.ts";
import { MAX_LISTED, readReplay, readTargets } from "./sources.ts";

/** Values of the options, as commander parses them. */
export interface HtstressFlags extends WatchFlags, CompareFlags {
  urls?: string;
  replay?: string;
  speed?: number;
  dns: DnsMode;
  number?: number;
  concurrency: number;
  threads: number;
  engine: ClientEngineChoice;
  udaddr?: string;
  host?: string;
  debug?: boolean;
  ipv4?: boolean;
  ipv6?: boolean;
  keepAlive?: boolean;
  pipeline: number;
  duration?: number;
  rate?: number;
  ramp: number;
  warmup: number;
  startAt?: number;
  timeout: number;
  method?: string;
  header: Header[];
  body?: string;
  bodyFile?: string;
  insecure?: boolean;
  expectStatus?: number[];
  expectBodySha256?: string;
  failIf: FailIf[];
  sweep?: number[] | true;
  csv?: string;
  histogram?: boolean;
}

/** Requests are counted down in 31 bits. */
const MAX_REQUESTS = 2 ** 31 - 1;
const MAX_CONNECTIONS = 50_000;
const MAX_THREADS = 256;
const MAX_PIPELINE = 10_000;
const MAX_RATE = 10_000_000;

/** `--speed` may be from 1/10,000 to 10,000. */
const MAX_SPEED = 10_000;

/** Length of a run that is given neither a number of requests nor a time. */
const DEFAULT_DURATION_MS = 10_000;

/** Adds the options to `command`, in the order in which the help shows them. */
export function addHtstressOptions(command: Command): Command {
  return addOptionGroups(command, {
    "Common options": [
      count("-n, --number", "requests over all threads; 0: until Ctrl-C or --duration", {
        min: 0,
        max: MAX_REQUESTS,
      }),
      duration(
        "--duration",
        "length of the measured time; requests in flight at its end complete",
        { isPositive: true, unset: `${formatDuration(DEFAULT_DURATION_MS)} without -n` },
      ),
      count("-c, --concurrency", "connections per thread", { max: MAX_CONNECTIONS, default: 1 }),
      count("-t, --threads", "threads (Web Workers)", { max: MAX_THREADS, default: 1 }),
      new Option("-k, --keep-alive", "HTTP/1.1 on connections that stay open"),
      new Option("-d, --debug", "show requests and responses on stderr"),
    ],
    "Load": [
      amount(
        "--rate",
        "open loop: this many requests per second in all, such as 5000 or 0.5, latency from the " +
          "intended start",
        { max: MAX_RATE },
      ),
      new Option(
        "--sweep [list]",
        "a run for each concurrency (or --rate) of the list, such as 1,8,64, to find the knee",
      ).argParser(loadList),
      count("--pipeline", "requests sent at once on a connection (implies --keep-alive)", {
        max: MAX_PIPELINE,
        default: 1,
      }),
      duration("--ramp", "raise rate or connections from 0 during this time", { default: 0 }),
      duration("--warmup", "load before the measured time, not counted", { default: 0 }),
      startAtOption("all threads start"),
      duration("--timeout", "for each connect and each exchange; 0: none", { default: 10_000 }),
      clientEngineOption(),
    ],
    "Requests": [
      new Option("--method <method>", "request method").argParser(methodToken)
        .default(undefined, "GET, with a body POST"),
      new Option("--header <line>", "'Name: value', may be repeated")
        .argParser(header).default([], "none"),
      new Option("-h, --host <host>", "Host field of the requests"),
      new Option("--body <text>", "content of the requests"),
      file("--body-file", "content of the requests"),
      file(
        "--urls",
        "targets in turn: a URL a line, or vegeta's format; -: stdin; at most " +
          `${formatCount(MAX_LISTED)} (1 GiB in memory)`,
      ),
      file(
        "--replay",
        "requests of an access log (JSON, common, combined; -: stdin) at their own times",
      ),
      new Option("--speed <factor>", "replay this many times as fast").argParser(speed)
        .default(undefined, "1"),
    ],
    "Connections": [
      path("-u, --udaddr", "connect to this Unix domain socket"),
      new Option("-4, --ipv4", "only IPv4 addresses"),
      new Option("-6, --ipv6", "only IPv6 addresses"),
      new Option("--dns <mode>", "addresses of a name: in turn, or the first that accepts")
        .choices(["rotate", "first"]).default("rotate"),
      new Option("--insecure", "https without checking certificates"),
    ],
    "Expectations": [
      failIfOption(),
      new Option("--expect-status <list>", "good statuses, such as 200,404 or 2xx,304").argParser(
        statusList,
      ),
      new Option("--expect-body-sha256 <hex>", "digest of a good response's content").argParser(
        sha256,
      ),
    ],
    "Results": [
      new Option("--json", "print one JSON document"),
      new Option("--histogram", "print how the latencies are distributed"),
      file("--plot", "draw latencies, or the sweep (.svg or .png)"),
      file("--csv", "write every request"),
      ...WATCH_OPTIONS,
    ],
    "Comparison": COMPARE_OPTIONS,
  });
}

/**
 * The load that `flags` and `texts` (the URLs) describe; reads the files that list requests.
 *
 * @throws {UsageError} for options that exclude each other or make no sense
 * @throws {Failure} when a log has nothing to replay
 */
export async function htstressOptions(
  texts: string[],
  flags: HtstressFlags,
): Promise<HtstressOptions> {
  const { body, bodyFile, udaddr, rate, pipeline, threads, concurrency } = flags;
  checkSource(texts, flags);
  if (flags.ipv4 && flags.ipv6) throw new UsageError("-4 and -6 exclude each other");
  if (body !== undefined && bodyFile !== undefined) {
    throw new UsageError(`--body-file '${bodyFile}' and --body exclude each other`);
  }
  const content = body === undefined ? readBody(bodyFile) : new TextEncoder().encode(body);
  const method = flags.method ?? (content ? "POST" : "GET");
  const source = await readSource(texts, flags, { method, headers: flags.header, body: content });
  const urls = source.sent.map(({ url }) => url);
  if (udaddr !== undefined && urls.some((url) => url.isSecure)) {
    throw new UsageError(`--udaddr '${udaddr}' and https exclude each other`);
  }
  if (flags.sweep !== undefined) refuseWithSweep(flags);
  if (pipeline > 1) {
    if (rate !== undefined) {
      throw new UsageError(`--pipeline '${pipeline}' and --rate exclude each other`);
    }
    const servers = new Set(urls.map(({ host, port }) => `${host.hostname} ${port}`));
    if (udaddr === undefined && servers.size > 1) {
      throw new UsageError(
        `--pipeline '${pipeline}' needs URLs of one server, not ${servers.size}`,
      );
    }
    if (new Set(source.sent.map(({ method }) => method === "HEAD")).size > 1) {
      throw new UsageError(`--pipeline '${pipeline}' needs HEAD in all requests or in none`);
    }
  }
  if (flags.startAt !== undefined && flags.sweep !== undefined) {
    throw new UsageError("--start-at and --sweep exclude each other: a sweep has many starts");
  }
  if (threads * concurrency > MAX_CONNECTIONS) {
    throw new UsageError(
      `--threads ${threads} times --concurrency ${concurrency} is more than ${MAX_CONNECTIONS} ` +
        `connections`,
    );
  }
  const { sweep } = flags;
  if (Array.isArray(sweep) && rate === undefined && !sweep.every(Number.isInteger)) {
    throw new UsageError(`--sweep '${sweep}' needs whole numbers of connections without --rate`);
  }
  return {
    ...source,
    dns: flags.dns,
    unixPath: udaddr,
    host: flags.host === undefined ? undefined : hostField(flags.host),
    family: flags.ipv4 ? 4 : flags.ipv6 ? 6 : undefined,
    requests: source.startsUs?.length ?? flags.number ?? 0,
    durationMs: flags.duration ?? defaultDurationMs(flags),
    threads,
    engine: await clientEngineFor(flags.engine, onlyRuntime(urls)),
    concurrency,
    isKeepAlive: flags.keepAlive === true || pipeline > 1,
    pipeline,
    ratePerSecond: rate ?? 0,
    rampMs: flags.ramp,
    warmupMs: flags.warmup,
    startAtMs: flags.startAt,
    timeoutMs: flags.timeout,
    method,
    headers: flags.header,
    body: content,
    isInsecure: flags.insecure ?? false,
    expectStatus: flags.expectStatus,
    expectBodySha256: flags.expectBodySha256,
  };
}

/** @throws {UsageError} unless URLs, `--urls` or `--replay` say what is sent, and only one of them */
function checkSource(texts: readonly string[], flags: HtstressFlags): void {
  const { urls, replay } = flags;
  if (flags.speed !== undefined && replay === undefined) {
    throw new UsageError(`--speed '${flags.speed}' needs --replay`);
  }
  if (replay !== undefined) {
    const { rate, sweep, method, body, bodyFile } = flags;
    const clashing = Object.entries({ urls, rate, sweep, method, body, "body-file": bodyFile })
      .filter(([, value]) => value !== undefined).map(([name]) => name);
    if (flags.pipeline > 1) clashing.push("pipeline");
    if (flags.ramp > 0) clashing.push("ramp");
    if (flags.warmup > 0) clashing.push("warmup");
    if (clashing.length > 0) {
      throw new UsageError(`--replay '${replay}' and --${clashing[0]} exclude each other`);
    }
    if (texts.length === 1 && url(texts[0]).target === "/") return;
    throw new UsageError(
      `--replay '${replay}' needs one server, like http://localhost:${DEFAULT_PORT.http}/; the ` +
        `log has the paths`,
    );
  }
  if (urls !== undefined && texts.length > 0) {
    throw new UsageError(`--urls '${urls}' and the URL '${texts[0]}' exclude each other`);
  }
  if (urls === undefined && texts.length === 0) {
    throw new UsageError(`no URL given; write one like http://localhost:${DEFAULT_PORT.http}/`);
  }
}

/** The requests of the load, their start times if these are known, and the URLs that results name. */
async function readSource(
  texts: string[],
  { urls, replay, speed = 1, number, header }: HtstressFlags,
  form: RequestForm,
): Promise<{ urls: string[]; sent: LoadRequest[]; startsUs?: Float64Array }> {
  if (replay !== undefined) {
    const options = { server: url(texts[0]), speed, most: number || undefined, headers: header };
    const { sent, startsUs, notes } = await readReplay(replay, options);
    for (const note of notes) printNote(`ktcp htstress: ${note}`);
    return { urls: texts, sent, startsUs };
  }
  if (urls === undefined) {
    return { urls: texts, sent: texts.map((text) => ({ url: url(text), ...form })) };
  }
  const sent = await readTargets(urls, form);
  const servers = sent.map(({ url }) => `${url.isSecure ? "https" : "http"}://${url.authority}/`);
  return { urls: [...new Set(servers)], sent };
}

/** Why engines that make system calls cannot reach `urls`; undefined when they can. */
function onlyRuntime(urls: readonly HttpUrl[]): string | undefined {
  if (urls.some((url) => url.isSecure)) return "it speaks no TLS";
  if (urls.some((url) => url.host.hostname.includes("%"))) {
    return "it does not know zones of addresses";
  }
}

/** Refuses the options that concern a single run. @throws {UsageError} */
function refuseWithSweep({ csv, hdrLog, sample, histogram, failIf }: HtstressFlags): void {
  const excluded = csv !== undefined
    ? `--csv '${csv}'`
    : hdrLog !== undefined
    ? `--hdr-log '${hdrLog}'`
    : sample !== undefined
    ? `--sample '${sample}'`
    : failIf.length > 0
    ? `--fail-if '${failIf[0].text}'`
    : histogram && "--histogram";
  if (excluded) throw new UsageError(`${excluded} and --sweep exclude each other`);
}

/** The length of the measured time unless `--duration` says it; 0 when something else ends the run. */
function defaultDurationMs({ number, replay }: HtstressFlags): number {
  return number === undefined && replay === undefined ? DEFAULT_DURATION_MS : 0;
}

function url(text: string): HttpUrl {
  try {
    return parseHttpUrl(text);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function readBody(path: string | undefined): Uint8Array | undefined {
  if (path === undefined) return undefined;
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    throw new UsageError(`Cannot read --body-file '${path}': ${messageOf(error)}`);
  }
}

function hostField(text: string): string {
  if (/^[\x21-\x7e]*$/.test(text)) return text;
  throw new UsageError(
    `--host '${text}' contains white space or other characters that no host has`,
  );
}

function methodToken(text: string): string {
  if (text === "CONNECT" || !TOKEN.test(text)) {
    throw new InvalidArgumentError("Not a method; write one like GET, HEAD or POST.");
  }
  return text;
}

function header(line: string, before: Header[]): Header[] {
  try {
    return [...before, parseHeader(line)];
  } catch {
    throw new InvalidArgumentError("Not a header; write it like 'Accept: text/html'.");
  }
}

function speed(text: string): number {
  const factor = /^\d*\.?\d+x?$/.test(text) ? parseFloat(text) : 0;
  if (factor >= 1 / MAX_SPEED && factor <= MAX_SPEED) return factor;
  throw new InvalidArgumentError(`Not a speed; write 0.5 for half, 10 for ten times as fast.`);
}

function statusList(text: string): number[] {
  return text.split(",").flatMap((part) => {
    if (/^[1-5]xx$/i.test(part)) {
      return Array.from({ length: 100 }, (_, i) => Number(part[0]) * 100 + i);
    }
    if (!/^[1-9]\d\d$/.test(part)) {
      throw new InvalidArgumentError("Not a list of statuses; write it like 200,404 or 2xx,304.");
    }
    return [Number(part)];
  });
}

function sha256(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("Not a SHA-256 digest; write 64 hexadecimal digits.");
}

function loadList(text: string): number[] {
  const loads = text.split(",").map(Number);
  const isRising = loads.every((load, i) => i === 0 || load > loads[i - 1]);
  if (!loads.every((load) => load > 0 && Number.isFinite(load)) || !isRising) {
    throw new InvalidArgumentError("Not a rising list of loads; write it like 1,8,64.");
  }
  return loads;
}
