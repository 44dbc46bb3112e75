/**
 * The command table. A command's module is loaded only when it is asked for: start-up is budgeted.
 */
import type { CommandEntry } from "./shared/command.ts";

/** All commands, in the order in which the help shows them. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: "echo", summary: "TCP echo server", load: () => import("./echo.ts") },
  { name: "http", summary: "HTTP/1.1 server", load: () => import("./http/http.ts") },
  {
    name: "bench",
    summary: "measure the latency of an echo server",
    load: () => import("./bench/bench.ts"),
  },
  {
    name: "htstress",
    summary: "HTTP load generator",
    load: () => import("./htstress/htstress.ts"),
  },
  {
    name: "check",
    summary: "judge a server, and say what is wrong with it",
    load: () => import("./check/check.ts"),
  },
  {
    name: "merge",
    summary: "add up results of several machines",
    load: () => import("./merge.ts"),
  },
  {
    name: "lab",
    summary: "run experiments, and explain the results",
    load: () => import("./lab/lab.ts"),
  },
  {
    name: "sockets",
    summary: "TCP sockets by state; drop TIME-WAIT sockets",
    load: () => import("./sockets/sockets.ts"),
  },
  {
    name: "doctor",
    summary: "show the limits that a load run meets, and how to raise them",
    load: () => import("./doctor.ts"),
  },
  {
    name: "completions",
    summary: "print a completion script for bash, zsh or fish",
    load: () => import("./completions/completions.ts"),
  },
  { name: "man", summary: "print the manual page", load: () => import("./man.ts") },
];

/** Commands that ktcp starts itself, for its labs: no help lists them. */
export const UNLISTED: readonly CommandEntry[] = [
  {
    name: "original",
    summary: "the course's echo servers with their faults",
    load: () => import("./original.ts"),
  },
];
