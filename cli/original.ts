/**
 * `ktcp original`: the originals with their faults. Only labs start it, so no help lists it.
 */
import { messageOf } from "../system/message_of.ts";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import {
  Count,
  type Fault,
  FAULT_TEXTS,
  FAULTS,
  type OriginalName,
  ORIGINALS,
} from "../servers/originals/original.ts";
import { startOriginal } from "../servers/originals/start_original.ts";
import { formatAddress } from "../system/address.ts";
import {
  addOptions,
  count,
  DEFAULT_HOST,
  DEFAULT_PORT,
  parseHost,
  port,
} from "./shared/options.ts";
import { Failure } from "./shared/failure.ts";
import { withNotes } from "./shared/help.ts";
import { onInterrupt, STOP_SIGNALS } from "./shared/interrupt.ts";
import { printNote, printResult } from "./shared/output.ts";
import { readyLine } from "../bench/processes/ready_line.ts";
import { statsTable } from "./shared/serve_stats.ts";

interface OriginalFlags {
  host: string;
  port: number;
  backlog: number;
  buffer?: number;
  trigger: "level" | "edge";
  faults?: Fault[];
}

/** The backlog of the originals. */
const BACKLOG = 128;

/** Builds the command. */
export function command(): Command {
  const original = new Command("original")
    .description(
      "The course's echo servers, rebuilt with their faults. Not for use: the labs show with it " +
        "what each fault does.",
    )
    .addArgument(new Argument("<name>", "which one").choices(Object.keys(ORIGINALS)));
  addOptions(original, [
    port("-p, --port", "TCP port; 0 lets the system choose", { default: DEFAULT_PORT.echo }),
    new Option("-H, --host <host>", "address to listen on").argParser(parseHost)
      .default(DEFAULT_HOST),
    count("--backlog", "length of the accept queue", { max: 65535, default: BACKLOG }),
    count("--buffer", "bytes of its buffer", { max: 1 << 20, unset: "as in the C source" }),
    new Option("--trigger <kind>", "of epoll").choices(["level", "edge"]).default("edge"),
    new Option(
      "--faults <list>",
      "none, or some of them with commas between",
    ).argParser(parseFaults).default(undefined, "as in the C source"),
  ]);
  return withNotes(original, { about: FAULT_LIST, examples: [] })
    .action(run);
}

const FAULT_LIST = FAULTS.map((fault) => `${fault}: ${FAULT_TEXTS[fault]}.`);

function parseFaults(text: string): Fault[] {
  if (text === "none") return [];
  return text.split(",").map((name) => {
    const fault = FAULTS.find((one) => one === name);
    if (fault) return fault;
    throw new InvalidArgumentError(`'${name}' is no fault; write none, or some of ${FAULTS}.`);
  });
}

async function run(name: OriginalName, flags: OriginalFlags): Promise<void> {
  const { asked } = onInterrupt(STOP_SIGNALS, 1);
  const { bufferBytes, faults } = ORIGINALS[name];
  const server = await startOriginal({
    hostname: flags.host,
    port: flags.port,
    backlog: flags.backlog,
    bufferBytes: flags.buffer ?? bufferBytes,
    trigger: flags.trigger,
    faults: flags.faults ?? faults,
  }).catch((error) => {
    throw new Failure(messageOf(error));
  });
  Deno.addSignalListener("SIGUSR2", () => printNote(statsTable([reportOf(server.counts)])));
  const address = formatAddress({ hostname: flags.host, port: server.port });
  printResult(readyLine("original", address));
  const died = await Promise.race([asked, server.died]);
  const { counters } = reportOf(server.counts);
  const { connections, served, bytesIn, bytesOut } = counters;
  printNote(
    `ktcp original: ${connections} connections, ${served} pieces, ${bytesIn} bytes in, ` +
      `${bytesOut} bytes out`,
  );
  if (died !== undefined) throw new Failure(`${name} ended: ${died}`);
}

/** `counts` as servers report them. */
function reportOf(counts: Readonly<Float64Array>) {
  return {
    name: "main",
    counters: {
      connections: counts[Count.Connections],
      open: counts[Count.Open],
      served: counts[Count.Served],
      bytesIn: counts[Count.BytesIn],
      bytesOut: counts[Count.BytesOut],
      resets: 0,
      timeouts: 0,
      overloads: 0,
    },
    calls: {
      waits: counts[Count.Waits],
      events: counts[Count.Events],
      calls: counts[Count.Calls],
    },
  };
}
