#!/usr/bin/env node
/**
 * Runs ktcp with the Deno of the npm package `deno`. Arguments, standard streams, signals and the
 * exit code are ktcp's own.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const FLAGS = "@FLAGS@".split(" ");
const ENTRY = fileURLToPath(new URL("app/@ENTRY@", import.meta.url));

/** Signals that ktcp handles or that end it. Left to Node, SIGUSR1 would start its debugger. */
const SIGNALS = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"];

/** How often to check whether the parent is still there, in ms. */
const PARENT_MS = 200;

/** Read before anything is started: the parent may end as soon as it sees output. */
const parent = process.ppid;

function refuse(error) {
  console.error(
    `ktcp: cannot start the Deno of the npm package deno: ${error.message}; ` +
      "install ktcp again, with optional dependencies",
  );
  process.exit(1);
}

/** The path of `deno`, whether or not npm was allowed to run its package's install script. */
function findDeno() {
  try {
    return createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
  } catch (error) {
    refuse(error);
  }
}

/** Where Deno keeps compiled code: apart from the cache of another Deno that may be installed. */
function denoDir() {
  const { XDG_CACHE_HOME = "" } = process.env;
  const cache = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), ".cache");
  return join(cache, "ktcp-deno");
}

for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
const child = spawn(findDeno(), ["run", ...FLAGS, ENTRY, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, DENO_DIR: denoDir(), DENO_NO_UPDATE_CHECK: "1" },
});
child.on("error", refuse);
// npm starts programs through a shell. A signal to npm ends that shell, but does not reach this program.
if (process.env.npm_command) {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  }, PARENT_MS);
}
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
