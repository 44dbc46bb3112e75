/** `ktcp http`: the HTTP/1.1 server. */
import { messageOf } from "../../system/message_of.ts";
import { Command, Option } from "commander";
import {
  type Certificate,
  DEFAULT_LIMITS,
  DEFAULT_TIMEOUTS,
  type HttpServiceOptions,
  LOG_FORMATS,
  type LogFormat,
} from "../../servers/mod.ts";
import { LogFile } from "../../system/log_file.ts";
import { LineWriter, stderr } from "../../system/stderr.ts";
import { Failure, UsageError } from "../shared/failure.ts";
import { withNotes } from "../shared/help.ts";
import {
  addOptionGroups,
  count,
  duration,
  file,
  formatSize,
  port,
  size,
} from "../shared/options.ts";
import { readUsers } from "./auth_file.ts";
import {
  DIR_OPTION,
  directoryOf,
  directoryOptions,
  type DirFlags,
  FILE_OPTIONS,
  HEADER_OPTIONS,
  PASSWORD_OPTIONS,
} from "./dir.ts";
import { firstLines, interfaceAddresses } from "./first_lines.ts";
import { parseMetricsAddress } from "./metrics_address.ts";
import type { TlsFlags } from "./tls.ts";
import {
  commonServerOptions,
  experimentOptions,
  limitOptions,
  listenOptions,
  runServer,
  type ServeFlags,
  STATS_OPTION,
  THREAD_OPTIONS,
} from "../shared/serve.ts";
import { VERSION } from "../shared/version.ts";
import { messageWork } from "../shared/work.ts";

interface HttpFlags extends ServeFlags, DirFlags, TlsFlags {
  echo?: boolean;
  log?: LogFormat | "off";
  logFile?: string;
  trustProxy?: boolean;
  tlsSelfSigned?: boolean;
  httpRedirect?: number;
  metrics?: { hostname: string; port: number };
  maxRequestLine: number;
  maxHeaderSize: number;
  maxHeaders: number;
  maxBody: number;
  headTimeout: number;
  bodyTimeout: number;
}

/** Request line and header section together stay below 64 KiB: offsets in them are 16 bits wide. */
const MAX_LINE_BYTES = 16384;
const MAX_HEADER_BYTES = 47104;

/**
 * Opens the file of `--log-file` and directs the log to it.
 *
 * @throws {UsageError} when nothing is to be logged
 * @throws {Failure} when it cannot be opened
 */
function openLogFile({ log, logFile: path }: HttpFlags): LogFile | undefined {
  if (path === undefined) return undefined;
  if (log === "off") {
    throw new UsageError("option '--log-file' is for a log, and '--log off' writes none");
  }
  try {
    const file = new LogFile(path);
    stderr.logs = new LineWriter(file, `log file '${path}'`);
    return file;
  } catch (error) {
    throw new Failure(`cannot open log file '${path}': ${messageOf(error)}`);
  }
}

/** A certificate for the names by which clients reach a server on `host`, and the line that describes it. */
async function makeCertificate(host: string): Promise<Certificate & { line: string }> {
  const { ownNames, selfSigned, selfSignedLine } = await import("./self_signed.ts");
  const made = await selfSigned(ownNames(host, interfaceAddresses()));
  return { cert: made.cert, key: made.key, line: selfSignedLine(made) };
}

/** The certificate and key that the options name. Loaded on demand, as it takes `node:crypto`. */
async function certificateOf(flags: TlsFlags): Promise<Certificate | undefined> {
  if (flags.tlsCert === undefined && flags.tlsKey === undefined) return undefined;
  const { tlsOptions } = await import("./tls.ts");
  return tlsOptions(flags);
}

/** Builds the command. */
export function command(): Command {
  const http = new Command("http")
    .description('HTTP/1.1 server: the files of a directory, "Hello World!" without one.')
    .argument("[dir]", "the directory to serve");
  const { headMs, contentMs } = DEFAULT_TIMEOUTS.http;
  addOptionGroups(http, {
    "Common options": [
      DIR_OPTION,
      ...listenOptions("http"),
      new Option("--log <format>", "access log on stderr").choices([...LOG_FORMATS, "off"])
        .default(undefined, "short on a terminal, else off"),
    ],
    "Files": FILE_OPTIONS,
    "Answers": [
      ...HEADER_OPTIONS,
      new Option("--echo", "answer every request with its own content"),
    ],
    "Passwords and HTTPS": [
      ...PASSWORD_OPTIONS,
      file("--tls-cert", "speak HTTPS with this certificate chain (PEM)").conflicts("unix"),
      file("--tls-key", "its private key (PEM)"),
      new Option(
        "--tls-self-signed",
        "speak HTTPS with a certificate made at the start, for loopback and --host",
      ).conflicts(["tlsCert", "tlsKey", "unix"]),
      port("--http-redirect", "also listen on this port, and redirect http:// to HTTPS"),
    ],
    "Logs and figures": [
      file("--log-file", "write the log there, in format common by default; SIGHUP reopens it"),
      new Option("--trust-proxy", "log the client that X-Forwarded-For names last"),
      new Option(
        "--metrics <host:port>",
        "serve /metrics (OpenMetrics), /healthz and /readyz there; a port alone means 127.0.0.1",
      ).argParser(parseMetricsAddress),
      STATS_OPTION,
    ],
    "Threads and engines": THREAD_OPTIONS,
    "Limits and timeouts": [
      ...limitOptions("http"),
      duration("--head-timeout", "time for a whole request head, else 408", { default: headMs }),
      duration("--body-timeout", "time between two parts of a request's content, else 408", {
        default: contentMs,
      }),
      size(
        "--max-request-line",
        `longest request line, else 414, up to ${formatSize(MAX_LINE_BYTES)}`,
        { min: 64, max: MAX_LINE_BYTES, default: DEFAULT_LIMITS.maxRequestLine },
      ),
      size(
        "--max-header-size",
        `largest header section, else 431, up to ${formatSize(MAX_HEADER_BYTES)}`,
        { min: 64, max: MAX_HEADER_BYTES, default: DEFAULT_LIMITS.maxHeaderSize },
      ),
      count("--max-headers", "most header fields, else 431", {
        max: 1000,
        default: DEFAULT_LIMITS.maxHeaders,
      }),
      size("--max-body", "largest request content, else 413", {
        max: 2 ** 40,
        default: DEFAULT_LIMITS.maxBody,
      }),
    ],
    "Experiments": experimentOptions("http"),
  });
  return withNotes(http, {
    exit: { 1: "it cannot listen, or the listener failed" },
    examples: [
      ["ktcp http .", "serve this directory on http://127.0.0.1:8081/"],
      ["ktcp http site --host 0.0.0.0 --port 80", "serve a site to other machines"],
      ["ktcp http dist --spa --compress", "a single-page application, compressed"],
      ["ktcp http . --tls-self-signed", "HTTPS, with a certificate for this start"],
      [
        "ktcp http site --tls-cert cert.pem --tls-key key.pem --http-redirect 80 --port 443",
        "HTTPS with your own certificate; http:// is redirected",
      ],
      ["ktcp http --engine epoll", '"Hello World!" by system calls, to be measured'],
    ],
  })
    .action(async (dir: string | undefined, given: HttpFlags) => {
      const flags = { ...given, dir: directoryOf(dir, http) };
      const isTls = flags.tlsSelfSigned || flags.tlsCert !== undefined;
      const isTerminal = Deno.stderr.isTerminal();
      const logFile = openLogFile(flags);
      const defaultFormat = logFile !== undefined ? "common" : isTerminal ? "short" : "off";
      const format = flags.log ?? defaultFormat;
      const service: HttpServiceOptions = {
        kind: "http",
        content: flags.dir !== undefined ? "dir" : flags.echo ? "echo" : "hello",
        directory: directoryOptions(flags, isTls ? "https" : "http"),
        log: format === "off" ? undefined : {
          format,
          trustProxy: flags.trustProxy ?? false,
          colour: isTerminal && logFile === undefined && !Deno.noColor,
        },
        limits: {
          maxRequestLine: flags.maxRequestLine,
          maxHeaderSize: flags.maxHeaderSize,
          maxHeaders: flags.maxHeaders,
          maxBody: flags.maxBody,
        },
        work: messageWork(flags),
      };
      const fromFiles = await certificateOf(flags);
      const made = flags.tlsSelfSigned ? await makeCertificate(flags.host) : undefined;
      const tls = fromFiles ?? (made && { cert: made.cert, key: made.key });
      if (flags.httpRedirect !== undefined && tls === undefined) {
        throw new UsageError(
          "option '--http-redirect' redirects to HTTPS; add '--tls-cert <file>' or '--tls-self-signed'",
        );
      }
      const common = await commonServerOptions(http, flags, { isTls: tls !== undefined });
      const users = flags.authFile === undefined ? undefined : readUsers(flags.authFile);
      const isReloadable = logFile !== undefined || users !== undefined ||
        fromFiles !== undefined;
      // Not when it is needed: then nothing may be read any more.
      const { reload } = isReloadable ? await import("./reload.ts") : {};
      await runServer(
        "http",
        {
          ...common,
          listen: { ...common.listen, tls },
          keeps: [
            ...(logFile === undefined ? [] : ["write" as const]),
            ...(users === undefined ? [] : ["read" as const]),
            ...(fromFiles === undefined ? [] : ["read" as const, "net" as const]),
          ],
          metrics: flags.metrics && { ...flags.metrics, version: VERSION },
          httpRedirect: flags.httpRedirect === undefined
            ? undefined
            : { hostname: flags.host, port: flags.httpRedirect },
          users,
          service,
          timeouts: { ...common.timeouts, headMs: flags.headTimeout, contentMs: flags.bodyTimeout },
        },
        flags,
        {
          ...(reload && {
            reload: (server) =>
              reload(server, { logFile, authFile: flags.authFile, tls: fromFiles && flags }),
          }),
          readyNote: ({ address, metricsAddress, redirectAddress }) => {
            const lines = [
              ...(made === undefined ? [] : [made.line]),
              ...(redirectAddress === undefined
                ? []
                : [`http://${redirectAddress}/ is redirected to https`]),
              ...(metricsAddress === undefined
                ? []
                : [`metrics at http://${metricsAddress}/metrics`]),
            ];
            if (isTerminal) {
              const { content, directory } = service;
              const listening = { ...directory, address, isTls: tls !== undefined, content };
              lines.unshift(...firstLines(listening, interfaceAddresses()));
            }
            return lines.length === 0 ? undefined : lines.join("\n");
          },
        },
      );
    });
}
