/** `ktcp play`: the playground in the browser. */
import { messageOf } from "../system/message_of.ts";
import { Command, Option } from "commander";
import { readAddress, writeAddress } from "../play/address.ts";
import { KernelObserver } from "../play/host/kernel.ts";
import { readMachine } from "../play/host/machine.ts";
import { loadPageFiles } from "../play/host/page_files.ts";
import { ownLauncher } from "../play/host/processes.ts";
import { type Play, startPlay } from "../play/host/host.ts";
import { SideServerError } from "../servers/mod.ts";
import { LOOPBACK } from "../system/address.ts";
import { stderr } from "../system/stderr.ts";
import { bindFailure } from "./shared/bind_failure.ts";
import { Failure, UsageError } from "./shared/failure.ts";
import { withNotes } from "./shared/help.ts";
import { onInterrupt, STOP_SIGNALS } from "./shared/interrupt.ts";
import { addOptions, port } from "./shared/options.ts";
import { printNote, printResult } from "./shared/output.ts";
import { readyLine } from "../bench/processes/ready_line.ts";
import { selfCommand } from "./shared/self_command.ts";
import { VERSION } from "./shared/version.ts";

/** The page's port unless `--port` names another one. */
const DEFAULT_PORT = 8088;

interface PlayOptions {
  port: number;
  open?: boolean;
}

/** Builds the command; its exit code is 0 when it was told to stop. */
export function command(): Command {
  const play = new Command("play")
    .description(
      "Serves a page on loopback on which you start servers, put loads on them, and see what " +
        "both and the kernel do, ten times a second. Nothing is simulated: the servers are " +
        "'ktcp echo' and 'ktcp http', the loads 'ktcp bench' and 'ktcp htstress'. Using the page " +
        "takes the whole address that is printed. Servers and loads end with this " +
        "command, and 30 seconds after the last page was closed.",
    )
    .argument("[link]", "a link that somebody handed out: the page begins with its set-up");
  addOptions(play, [
    port("-p, --port", "TCP port; 0 lets the system choose", { default: DEFAULT_PORT }),
    new Option("--open", "open the page in the browser"),
  ]);
  return withNotes(play, {
    examples: [
      ["ktcp play --open", "print the address, and open it in the browser"],
      [
        "ktcp play 'http://127.0.0.1:8088/#v=1&a.service=http&a.engine=epoll&a.model=single'",
        "begin with the set-up of a link",
      ],
    ],
  })
    .action(run);
}

async function run(link: string | undefined, { port, open }: PlayOptions): Promise<void> {
  const fragment = link === undefined ? "" : fragmentOf(link);
  // A reader of stderr that is slow, or gone, must not delay frames.
  stderr.buffer();
  // Before the readiness line: whoever reads it may send a signal at once.
  const { asked } = onInterrupt(STOP_SIGNALS, 1);
  const play = await start(port);
  try {
    printResult(readyLine("play", play.address));
    const url = play.url + fragment;
    printResult(url);
    if (open) openBrowser(url);
    await asked;
  } finally {
    await play.stop();
  }
}

/**
 * The set-up of a link, as the fragment of the page's own address. Nothing else of the link is used,
 * not even its token, which is another host's. What this machine cannot do is reported on stderr.
 *
 * @throws {UsageError} when it holds no set-up
 */
function fragmentOf(link: string): string {
  const start = link.indexOf("#");
  const { setup, problems } = start < 0
    ? { setup: null, problems: ["there is no #"] }
    : readAddress(link.slice(start), navigator.hardwareConcurrency);
  if (setup === null) {
    const [why = "nothing follows its #"] = problems;
    throw new UsageError(
      `link '${link}' holds no set-up: ${why}; copy one with the page's 'Copy link'`,
    );
  }
  for (const problem of problems) {
    printNote(`ktcp play: a default replaces part of the link's set-up: ${problem}`);
  }
  return `#${writeAddress(setup)}`;
}

/** @throws {Failure} when the port cannot be bound, or the page was not built */
async function start(port: number): Promise<Play> {
  const page = await loadPageFiles().catch((error) => {
    throw new Failure(`cannot load the page (${messageOf(error)}); make it with 'deno task build'`);
  });
  const options = {
    port,
    page,
    machine: readMachine(VERSION),
    launcher: ownLauncher(selfCommand()),
    observer: new KernelObserver(),
    onNote: printNote,
  };
  try {
    return startPlay(options);
  } catch (error) {
    if (error instanceof SideServerError) throw bindFailure(error, { host: LOOPBACK, port });
    throw error;
  }
}

/** What opens an address in the user's browser, by system. */
const OPENERS: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  darwin: ["open"],
  windows: ["explorer"],
};

/** Opens `url`, and says so when it cannot: the user can open it as well. */
async function openBrowser(url: string): Promise<void> {
  const [program, ...args] = [...OPENERS[Deno.build.os] ?? ["xdg-open"], url];
  try {
    const { success } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    // Explorer's exit code says nothing.
    if (!success && Deno.build.os !== "windows") throw new Error(`${program} failed`);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? `there is no ${program}`
      : messageOf(error);
    printNote(`ktcp play: cannot open the browser: ${reason}; open the address above`);
  }
}
