/**
 * The command table. A command's module is loaded only when it is asked for: start-up is budgeted.
 */
import type { Command } from "commander";

/** What each command's module exports. */
export interface CommandModule {
  /**
   * Builds the command with its options. Its action sets `Deno.exitCode` when it is not 0, and
   * throws `UsageError` or `Failure` for what a person has to mend.
   */
  command(): Command;
}

/** A row of the command table. */
export interface CommandEntry {
  name: string;
  summary: string;
  load(): Promise<CommandModule>;
}

/** All commands, in the order in which the help shows them. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "bench",
    summary: "measure the latency of an echo server",
    load: () => import("./bench.ts"),
  },
  { name: "echo", summary: "TCP echo server", load: () => import("./echo.ts") },
  { name: "http", summary: "HTTP/1.1 server", load: () => import("./http.ts") },
  {
    name: "doctor",
    summary: "show the limits that a load run meets, and how to raise them",
    load: () => import("./doctor.ts"),
  },
  {
    name: "lab",
    summary: "run experiments, and explain what is seen",
    load: () => import("./lab.ts"),
  },
  {
    name: "sockets",
    summary: "TCP sockets by state; drop TIME-WAIT sockets",
    load: () => import("./sockets.ts"),
  },
];
