/** `ktcp http`: the HTTP/1.1 server. */
import { Command, Option } from "commander";
import { DEFAULT_TIMEOUTS, type HttpServiceOptions } from "../../servers/mod.ts";
import { formatSize, integerBetween, sizeBetween } from "../shared/args.ts";
import { addDirOptions, directoryOptions, type DirFlags } from "./dir.ts";
import type { TlsFlags } from "./tls.ts";
import {
  addServeOptions,
  commonServerOptions,
  durationOption,
  runServer,
  type ServeFlags,
} from "../shared/serve.ts";

interface HttpFlags extends ServeFlags, DirFlags, TlsFlags {
  echo?: boolean;
  log: "common" | "json" | "off";
  trustProxy?: boolean;
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

function sizeOption(flag: string, text: string, defaults: { bytes: number; max: number }): Option {
  return new Option(`${flag} <size>`, `${text}, up to ${formatSize(defaults.max)}`)
    .argParser(sizeBetween(64, defaults.max))
    .default(defaults.bytes, formatSize(defaults.bytes));
}

/** Builds the command. */
export function command(): Command {
  const http = new Command("http")
    .description('HTTP/1.1 server: files with --dir, "Hello World!" without it.');
  addServeOptions(http, { port: 8081, idleTimeoutMs: 5000 });
  addDirOptions(http);
  return http
    .option("--echo", "answer every request with its own content")
    .addOption(
      sizeOption("--max-request-line", "longest request line, else 414", {
        bytes: 8192,
        max: MAX_LINE_BYTES,
      }),
    )
    .addOption(
      sizeOption("--max-header-size", "largest header section, else 431", {
        bytes: 16384,
        max: MAX_HEADER_BYTES,
      }),
    )
    .option(
      "--max-headers <n>",
      "most header fields, else 431",
      integerBetween(1, 1000),
      100,
    )
    .addOption(
      new Option("--max-body <size>", "largest request content, else 413")
        .argParser(sizeBetween(0, 2 ** 40))
        .default(1 << 20, "1m"),
    )
    .addOption(
      durationOption(
        "--head-timeout",
        "time for a whole request head, else 408",
        DEFAULT_TIMEOUTS.headMs,
      ),
    )
    .addOption(
      durationOption(
        "--body-timeout",
        "time between two parts of a request's content, else 408",
        DEFAULT_TIMEOUTS.contentMs,
      ),
    )
    .addOption(
      new Option("--log <format>", "access log on stderr").choices(["common", "json", "off"])
        .default("off"),
    )
    .addOption(
      new Option("--tls-cert <file>", "speak HTTPS with this certificate chain (PEM)")
        .conflicts("unix"),
    )
    .option("--tls-key <file>", "its private key (PEM)")
    .option("--trust-proxy", "log the client that X-Forwarded-For names last")
    .addHelpText(
      "after",
      "\nExamples:\n  ktcp http --dir .\n  ktcp http --port 0 --echo\n" +
        "  ktcp http --dir site --tls-cert cert.pem --tls-key key.pem",
    )
    .action(async (flags: HttpFlags) => {
      const service: HttpServiceOptions = {
        kind: "http",
        content: flags.dir !== undefined ? "dir" : flags.echo ? "echo" : "hello",
        directory: directoryOptions(flags),
        log: flags.log === "off"
          ? undefined
          : { format: flags.log, trustProxy: flags.trustProxy ?? false },
        limits: {
          maxRequestLine: flags.maxRequestLine,
          maxHeaderSize: flags.maxHeaderSize,
          maxHeaders: flags.maxHeaders,
          maxBody: flags.maxBody,
        },
      };
      const { tlsOptions } = await import("./tls.ts");
      const common = commonServerOptions(flags);
      await runServer("http", {
        ...common,
        listen: { ...common.listen, tls: tlsOptions(flags) },
        service,
        timeouts: { ...common.timeouts, headMs: flags.headTimeout, contentMs: flags.bodyTimeout },
      }, flags);
    });
}
