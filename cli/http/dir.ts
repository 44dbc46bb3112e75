/**
 * The options of `ktcp http` that say how a directory is served.
 */
import { messageOf } from "../../system/message_of.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Credentials, DirectoryOptions, ForPaths, Redirect } from "../../servers/mod.ts";
import {
  DEFAULT_CACHE_BYTES,
  isDiskError,
  OptionError,
  parseAuth,
  parseCacheControl,
  parseHeader,
  parseRedirect,
  staticOptions,
} from "../../servers/mod.ts";
import { fileSystemType } from "../../system/mounts.ts";
import { absolutePath } from "../../system/path.ts";
import { directory, file, size } from "../shared/options.ts";
import { UsageError } from "../shared/failure.ts";

/** Values of the options, as commander hands them over. */
export interface DirFlags {
  dir?: string;
  index?: string[];
  spa?: boolean;
  cleanUrls?: boolean;
  listing: boolean;
  dotfiles?: boolean;
  followSymlinks?: boolean;
  compress?: boolean;
  cacheControl?: ForPaths<[value: string]>[];
  cors?: string | true;
  header?: ForPaths<[name: string, value: string]>[];
  securityHeaders?: boolean;
  redirect?: Redirect[];
  auth?: { user: string; password: string };
  authFile?: string;
  cache: number;
}

/** Options that mean nothing without a directory, by the names of their values. */
const NEED_DIRECTORY = [
  "index",
  "spa",
  "cleanUrls",
  "listing",
  "dotfiles",
  "followSymlinks",
  "compress",
  "cacheControl",
  "cors",
  "header",
  "securityHeaders",
  "redirect",
  "auth",
  "authFile",
  "cache",
];

/**
 * The directory that the argument and `--dir` name.
 *
 * @throws {UsageError} when they name different ones, when one is named together with `--echo`, and
 *   when none is named though another option needs one
 */
export function directoryOf(argument: string | undefined, command: Command): string | undefined {
  const { dir, echo } = command.opts<DirFlags & { echo?: boolean }>();
  if (argument !== undefined && dir !== undefined && absolutePath(argument) !== absolutePath(dir)) {
    throw new UsageError(
      `the directory is '${argument}', and option '--dir' says '${dir}'; name one`,
    );
  }
  if (argument !== undefined && echo) {
    throw new UsageError(
      `option '--echo' answers with the request's content and serves no directory; ` +
        `leave out '${argument}'`,
    );
  }
  const directory = argument ?? dir;
  const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
  const idle = command.options.find((option) =>
    NEED_DIRECTORY.includes(option.attributeName()) && isGiven(option.attributeName())
  );
  if (directory === undefined && idle !== undefined) {
    throw new UsageError(
      `option '${idle.long}' is for files, and no directory is named; write 'ktcp http DIR'`,
    );
  }
  return directory;
}

/** Turns the error of an option's parser into commander's. */
function parserFor<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof OptionError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function collect<T>(parse: (text: string) => T): (text: string, before?: T[]) => T[] {
  return (text, before = []) => [...before, parse(text)];
}

/** Names the directory. */
export const DIR_OPTION: Option = directory("-d, --dir", "the same as the argument DIR")
  .conflicts("echo");

/** Which files are served, and how they are found. */
export const FILE_OPTIONS: readonly Option[] = [
  new Option("--index <name>", "file that stands for its directory; may be repeated")
    .argParser(collect((text) => text)).default(undefined, "index.html"),
  new Option("--spa", "answer with the root's index where a page is wanted and there is no file"),
  new Option("--clean-urls", "let /about also name about.html"),
  new Option("--no-listing", "answer 404 for a directory without index, not its listing"),
  new Option("--dotfiles", "serve names that begin with a dot"),
  new Option("--follow-symlinks", "serve symbolic links that lead out of the directory"),
  new Option(
    "--compress",
    "compress text on the fly; .br, .zst and .gz files next to a file are always used",
  ),
  size("--cache", "memory for files and compressed copies, over all Workers; 0 keeps none", {
    default: DEFAULT_CACHE_BYTES,
  }),
];

/** What the heads of answers contain. */
export const HEADER_OPTIONS: readonly Option[] = [
  new Option(
    "--cache-control <value>",
    "Cache-Control of files, or 'GLOB: value'; may be repeated, the last wins",
  ).argParser(collect(parserFor(parseCacheControl))).default(undefined, "no-cache"),
  new Option("--cors [origin]", "allow other sites to read, all of them by default"),
  new Option(
    "--header <line>",
    "add 'Name: value', or 'GLOB: Name: value', to answers; may be repeated, the last wins",
  ).argParser(collect(parserFor(parseHeader))),
  new Option(
    "--security-headers",
    "send a strict Content-Security-Policy and similar fields; --header changes single ones",
  ),
  new Option(
    "--redirect <rule>",
    "redirect 'FROM=TO[:STATUS]', with * and ** in both; 302 by default; may be repeated",
  ).argParser(collect(parserFor(parseRedirect))),
];

/** Who is let in. */
export const PASSWORD_OPTIONS: readonly Option[] = [
  new Option(
    "--auth <user:password>",
    "ask for a password (Basic); user:@FILE reads it from FILE; default: the variable KTCP_AUTH",
  ).argParser(parserFor(parseAuth)),
  file("--auth-file", "ask for a password from this file (htpasswd -B); SIGHUP reads it again"),
];

/** Where the kernel shows its state as files. The runtime gives servers no access to what is below. */
const KERNEL_PATHS = ["/proc", "/sys", "/dev"];

/** Types of file systems that hold no stored files, wherever they are mounted. */
const KERNEL_FILE_SYSTEMS = [
  "proc",
  "sysfs",
  "devpts",
  "cgroup",
  "cgroup2",
  "debugfs",
  "tracefs",
  "securityfs",
  "configfs",
  "bpf",
];

function isOfKernel(path: string): boolean {
  const real = Deno.realPathSync(path);
  if (KERNEL_PATHS.some((top) => real === top || real.startsWith(top + "/"))) return true;
  return KERNEL_FILE_SYSTEMS.includes(fileSystemType(Deno.statSync(path).dev) ?? "");
}

/** Checks that `path` is a directory that can be served. */
function checkDirectory(path: string): void {
  try {
    if (!Deno.statSync(path).isDirectory) {
      throw new UsageError(`option '--dir': '${path}' is not a directory; name one`);
    }
    if (isOfKernel(path)) {
      throw new UsageError(
        `option '--dir': '${path}' belongs to the kernel (as /dev, /proc and /sys do), ` +
          `and no server may read it; name a directory of ordinary files`,
      );
    }
    Deno.readDirSync(path)[Symbol.iterator]().next();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw new UsageError(`option '--dir': there is no directory '${path}'`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new UsageError(`option '--dir': no permission to read '${path}'`);
    }
    if (!isDiskError(error)) throw error;
    throw new UsageError(`option '--dir': cannot read '${path}': ${messageOf(error)}`);
  }
}

/** Holds the credentials where no option does: ps(1) would show a password among the options. */
const AUTH_VARIABLE = "KTCP_AUTH";

/**
 * The credentials that `--auth` or the environment gives. A password that begins with `@` names a
 * file, whose first line is the password.
 *
 * @throws {UsageError} when the file cannot be read or is empty, or the variable cannot be used
 */
function credentials(given: Credentials | undefined): Credentials | undefined {
  const auth = given ?? authOfEnvironment();
  if (auth === undefined || !auth.password.startsWith("@")) return auth;
  const path = auth.password.slice(1);
  let password: string;
  try {
    password = Deno.readTextFileSync(path).split(/\r?\n/)[0];
  } catch (error) {
    throw new UsageError(`option '--auth': cannot read '${path}': ${messageOf(error)}`);
  }
  if (password === "") {
    throw new UsageError(`option '--auth': the first line of '${path}' is empty`);
  }
  return { ...auth, password };
}

function authOfEnvironment(): Credentials | undefined {
  const text = Deno.env.get(AUTH_VARIABLE);
  if (text === undefined || text === "") return undefined;
  try {
    return parseAuth(text);
  } catch {
    throw new UsageError(`environment variable ${AUTH_VARIABLE}: write user:password`);
  }
}

/**
 * The absolute path that `path` names, with its symbolic links unresolved: the server follows them at
 * each access, because deployments re-point them. Only what comes before `..` is resolved, because
 * `..` means the parent of the directory that a link leads to.
 */
function linkedPath(path: string): string {
  const full = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  const [, upwards = "", rest = full] = /^(.*\/\.\.)(\/.*)?$/s.exec(full) ?? [];
  return absolutePath((upwards && Deno.realPathSync(upwards)) + rest);
}

/**
 * The options of the directory, `undefined` without `--dir`.
 *
 * @throws {UsageError} for a directory that cannot be served, and values that cannot be used
 */
export function directoryOptions(
  flags: DirFlags,
  scheme: "http" | "https",
): DirectoryOptions | undefined {
  if (flags.dir === undefined) return undefined;
  checkDirectory(flags.dir);
  const options: DirectoryOptions = {
    root: linkedPath(flags.dir),
    ...(flags.index && { index: flags.index }),
    spa: flags.spa ?? false,
    cleanUrls: flags.cleanUrls ?? false,
    listing: flags.listing,
    dotfiles: flags.dotfiles ?? false,
    followSymlinks: flags.followSymlinks ?? false,
    compress: flags.compress ?? false,
    cacheRules: flags.cacheControl ?? [],
    redirects: flags.redirect ?? [],
    securityHeaders: flags.securityHeaders ? scheme : undefined,
    cors: flags.cors === true ? "*" : flags.cors,
    headers: flags.header ?? [],
    auth: credentials(flags.auth),
    cacheBytes: flags.cache,
  };
  try {
    staticOptions(options);
  } catch (error) {
    if (error instanceof OptionError) throw new UsageError(error.message);
    throw error;
  }
  return options;
}
