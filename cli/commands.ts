/**
 * The command table. A command's module is loaded only when the command runs: this keeps start-up short.
 */
import type { CommandEntry } from "./shared/command.ts";

/** All commands, in the order in which the help shows them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "echo",
    group: "Serve",
    summary: "TCP echo server",
    load: () => import("./echo.ts"),
  },
  {
    name: "http",
    group: "Serve",
    summary: "HTTP/1.1 server",
    load: () => import("./http/http.ts"),
  },
  {
    name: "bench",
    group: "Load",
    summary: "measure the latency of an echo server",
    load: () => import("./bench/bench.ts"),
  },
  {
    name: "htstress",
    group: "Load",
    summary: "HTTP load generator",
    load: () => import("./htstress/htstress.ts"),
  },
  {
    name: "merge",
    group: "Load",
    summary: "add up results of several machines",
    load: () => import("./merge.ts"),
  },
  {
    name: "check",
    group: "Learn",
    summary: "judge a server, and say what is wrong with it",
    load: () => import("./check/check.ts"),
  },
  {
    name: "lab",
    group: "Learn",
    summary: "run experiments, and explain the results",
    load: () => import("./lab/lab.ts"),
  },
  {
    name: "play",
    group: "Learn",
    summary: "watch servers and loads in the browser",
    load: () => import("./play.ts"),
  },
  {
    name: "sockets",
    group: "Look",
    summary: "TCP sockets by state; drop TIME-WAIT sockets",
    load: () => import("./sockets/sockets.ts"),
  },
  {
    name: "doctor",
    group: "Look",
    summary: "what this machine allows, and how to raise its limits",
    load: () => import("./doctor/doctor.ts"),
  },
  {
    name: "man",
    group: "Set up",
    summary: "print manual pages",
    load: () => import("./man/man.ts"),
  },
  {
    name: "completions",
    group: "Set up",
    summary: "print a completion script for bash, zsh or fish",
    load: () => import("./completions/completions.ts"),
  },
];

/** Commands that ktcp starts itself, for its labs: no help lists them. */
export const UNLISTED: readonly CommandEntry[] = [
  {
    name: "original",
    group: "Learn",
    summary: "the course's echo servers with their faults",
    load: () => import("./original.ts"),
  },
];
