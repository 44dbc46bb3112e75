/** Lab `originals`: the faults of the course's echo servers, and their plot. */
import { engineSupport } from "../../system/linux/engines.ts";
import { isStopped } from "../../system/process_state.ts";
import { formatAmount, formatCount, formatLatency } from "../../system/units.ts";
import { settledWithin, sleep } from "../../system/wait.ts";
import { Answer } from "../echo/answer.ts";
import type { Lab, LabContext, LabServer, Target } from "./lab.ts";
import { echoSample, paddingNotes, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import { exchange, growWhole, QUIET_MS, textMessage } from "./one_message.ts";
import { unavailable } from "./unavailable.ts";
import { type Finding, finding } from "./verdict.ts";

/** Bytes of a short message, and of one that is longer than the original's buffer. */
const [SHORT, LONG] = [64, 2000];
/** `BUF_SIZE` of `user-echo-server`. */
const BUFFER = 512;
/** Offset of the NUL in a binary message. */
const NUL_AT = 10;
/** Clients that connect at once, or that are connected when another one resets its connection. */
const OTHERS = 20;

/** How long a server that ends because of a reset may take to end, in ms. */
const END_MS = 500;
/** Clients, as many as in the reports' plots. */
const CLIENTS = 1000;

/** A server, and its name in tables. */
interface Entry {
  label: string;
  start(): Promise<LabServer>;
}

/** A server to which a thousand clients connect. */
interface Storm {
  label: string;
  target: Target;
  /** As in `ForeignTarget`. */
  padsTo: number | null;
}

const ORIGINAL = "user-echo-server";
const KECHO = "kecho";
const KTCP = "ktcp echo";
const without = (fault: string) => `without '${fault}'`;

const PAD = `pad: a message of ${SHORT} B`;
const ONCE = `receive-once: ${formatCount(LONG)} B in one piece`;
const RESET = `die-on-error: one client resets, ${OTHERS} others are connected`;
const ACCEPT = `accept-once: ${OTHERS} clients connect at once`;
const STRLEN = `strlen: ${SHORT} B with a NUL at ${NUL_AT}`;
const STORM = `${formatCount(CLIENTS)} clients at once, ${BUFFER} B each`;

export const originals: Lab = {
  name: "originals",
  question: "How do the originals behave?",
  seconds: { quick: 13, full: 22 },
  takes: ["echo"],
  async run(context) {
    const { reason } = engineSupport("epoll");
    if (reason !== undefined) return unavailable(reason);
    const { host, targets } = context;
    const original = (label: string, name: string, faults?: string): Entry => ({
      label,
      start: () =>
        host.start("original", [
          ...[name, "--backlog", `${2 * CLIENTS}`],
          ...(faults === undefined ? [] : ["--faults", faults]),
        ]),
    });
    const ktcp: Entry = {
      label: KTCP,
      start: () =>
        host.start("echo", [
          ...["--model", "single", "--engine", "epoll", "--backlog", `${2 * CLIENTS}`],
        ]),
    };
    const asItIs = original(ORIGINAL, ORIGINAL);
    const noPad = original(without("pad"), ORIGINAL, "receive-once,die-on-error");
    const untilAgain = original(without("receive-once"), ORIGINAL, "pad,die-on-error");
    const survivor = original(without("die-on-error"), ORIGINAL, "pad,receive-once");
    const once = original(`${ORIGINAL} with 'accept-once'`, ORIGINAL, "accept-once");
    const kecho = original(KECHO, KECHO);
    const binary = original(without("strlen"), KECHO, "none");
    const lasting = [asItIs, noPad, untilAgain, kecho, binary, ktcp];
    /** What the server that a reset ended said. */
    let lastLine = "";
    return await withServers(lasting.map(({ start }) => start()), async (servers) => {
      const running = (entry: Entry) => ({
        label: entry.label,
        server: servers[lasting.indexOf(entry)],
      });
      const group = (name: string, entries: Entry[], run: (server: LabServer) => Promise<Sample>) =>
        entries.map(running).map(({ label, server }): VariantSpec => ({
          group: name,
          label,
          run: () => run(server),
        }));
      const storms: Storm[] = [
        { label: ORIGINAL, target: running(asItIs).server, padsTo: BUFFER },
        { label: KTCP, target: running(ktcp).server, padsTo: null },
        ...targets.map((target) => ({ label: target.name, target, padsTo: target.padsTo })),
      ];
      const variants = await measure([
        ...group(PAD, [asItIs, noPad, ktcp], (server) => oneMessage(server, textMessage(SHORT))),
        ...group(ONCE, [asItIs, untilAgain, ktcp], (s) => oneMessage(s, textMessage(LONG))),
        ...[asItIs, survivor, ktcp].map(({ label, start }): VariantSpec => ({
          group: RESET,
          label,
          run: () => oneReset(start, (line) => lastLine = line),
        })),
        {
          group: ACCEPT,
          label: once.label,
          // A server that accepts once keeps the remaining connections in its queue, so each burst
          // needs a new one.
          run: async () => {
            const server = await once.start();
            return await connectBurst(server).finally(() => server.stop());
          },
        },
        ...group(ACCEPT, [asItIs, ktcp], connectBurst),
        ...group(STRLEN, [kecho, binary, ktcp], (server) => oneMessage(server, binaryMessage())),
        ...storms.map((one) => stormSpec(one, context)),
      ], context);
      return {
        setup: [
          `Originals: ${ORIGINAL} and what kecho does with a message, rebuilt in TypeScript on ` +
          "epoll. Each fault can be switched off; a row 'without' has all the other faults. The " +
          "C program and the kernel module themselves are not in the comparison (--target-c and " +
          "--target add them).",
          `Beside them ${KTCP}, with one thread and epoll as well.`,
          `Answers: one message on a connection of its own; counted are the bytes that are back ` +
          `when nothing has come for ${QUIET_MS} ms.`,
          `Plot: ${
            formatCount(CLIENTS)
          } clients connect, send ${BUFFER} bytes, and time the echo, ` +
          `as 'bench' does: as many bytes as ${ORIGINAL} answers with in any case, so that all ` +
          "servers do the same work. The accept queues have room for all clients.",
          ...paddingNotes(targets),
        ],
        variants,
        drawings: [
          { kind: "scatter", title: `Latency of each of ${STORM}`, group: STORM },
          {
            kind: "bars",
            title: "Bytes that come back",
            figure: "bytesBack",
            groups: [PAD, ONCE, STRLEN],
          },
          { kind: "cdf", title: `Echo latency of ${STORM}`, of: "echo", group: STORM },
        ],
        findings: conclude(variants, lastLine, targets.map(({ name }) => name)),
      };
    });
  },
};

/** A message of `SHORT` bytes, one of which is 0. */
function binaryMessage(): Uint8Array {
  const message = textMessage(SHORT);
  message[NUL_AT] = 0;
  return message;
}

async function oneMessage(server: LabServer, message: Uint8Array): Promise<Sample> {
  const { bytes, isWhole } = await exchange(server, message);
  return { failed: 0, figures: { bytesBack: bytes.length, hung: isWhole ? 0 : 1 } };
}

/** Connects to a server of its own, which a reset may end. */
async function oneReset(
  start: () => Promise<LabServer>,
  onEnd: (lastLine: string) => void,
): Promise<Sample> {
  const server = await start();
  const conns: Deno.TcpConn[] = [];
  try {
    const { hostname, port } = server;
    for (let i = 0; i < OTHERS; i++) conns.push(await Deno.connect({ hostname, port }));
    await reset(server);
    if (await settledWithin(server.ended, END_MS)) onEnd((await server.ended).lastLine);
    const lost = await Promise.all(conns.map(async (conn) => {
      const answer = new Answer(conn);
      try {
        await conn.write(textMessage(SHORT));
        await growWhole(answer, SHORT);
      } catch {
        // The server is gone.
      }
      return answer.bytes.length < SHORT;
    }));
    return { failed: 0, figures: { clientsLost: lost.filter(Boolean).length } };
  } finally {
    for (const conn of conns) conn.close();
    await server.stop();
  }
}

/** Connects, and resets the connection after the server has accepted it. */
async function reset({ hostname, port }: Target): Promise<void> {
  const { connectTcp, close, setResetOnClose } = await import("../../system/linux/socket.ts");
  const fd = connectTcp(hostname, port);
  // Gives the server time to accept it, as accept would report the reset otherwise.
  await sleep(QUIET_MS / 2);
  setResetOnClose(fd);
  close(fd);
}

/** Stops the server while clients connect, so that all of them are one event for it. */
async function connectBurst(server: LabServer): Promise<Sample> {
  const { hostname, port, pid } = server;
  server.pause();
  const conns = await (async () => {
    while (!isStopped(pid)) await sleep(1);
    return await Promise.all(
      Array.from({ length: OTHERS }, () => Deno.connect({ hostname, port })),
    );
  })().finally(() => server.resume());
  const served = await Promise.all(conns.map(async (conn) => {
    const answer = new Answer(conn);
    await conn.write(textMessage(SHORT));
    await growWhole(answer, SHORT);
    await conn.closeWrite();
    // Reads everything: a server that pads sends more, and closing with unread bytes would reset
    // the connection, which would end it.
    await answer.grow(Infinity, QUIET_MS);
    return answer.bytes.length >= SHORT;
  })).finally(() => conns.forEach((conn) => conn.close()));
  return { failed: 0, figures: { served: served.filter(Boolean).length } };
}

function stormSpec({ label, target, padsTo }: Storm, { signal }: LabContext): VariantSpec {
  const load = { clients: CLIENTS, messages: 1, sizeBytes: padsTo ?? BUFFER, signal };
  return { group: STORM, label, run: () => echoSample(target, load) };
}

function conclude(variants: VariantResult[], lastLine: string, targets: string[]): Finding[] {
  const find = (group: string, label: string) =>
    variants.find((variant) => variant.group === group && variant.label === label);
  const median = (group: string, label: string, key: "bytesBack" | "clientsLost" | "served") =>
    find(group, label)?.spreads[key]?.median;
  return [
    ...stated("pad", [median(PAD, ORIGINAL, "bytesBack"), median(PAD, KTCP, "bytesBack")], {
      isShown: ([fault, right]) => fault > SHORT && right === SHORT,
      text: ([fault, right]) =>
        `pad: ${ORIGINAL} answers ${SHORT} bytes with ${fault}, its whole buffer ` +
        `(${fault - SHORT} bytes more than were sent); ${KTCP} with ${right}. A client that ` +
        "compares no more than it sent does not notice.",
    }),
    ...stated("receive-once", [
      median(ONCE, ORIGINAL, "bytesBack"),
      median(ONCE, KTCP, "bytesBack"),
    ], {
      isShown: ([fault, right]) => fault < LONG && right === LONG,
      text: ([fault, right]) =>
        `receive-once: of ${formatCount(LONG)} bytes in one piece ${formatCount(fault)} come ` +
        `back, from ${KTCP} ${formatCount(right)}. The rest is not lost, it waits in the ` +
        "server's socket for another event; the client waits for it in vain ('ktcp lab edge').",
    }),
    ...stated(
      "die-on-error",
      [median(RESET, ORIGINAL, "clientsLost"), median(RESET, KTCP, "clientsLost")],
      {
        isShown: ([fault, right]) => fault === OTHERS && right === 0,
        text: ([fault, right]) =>
          `die-on-error: one client's reset ends ${ORIGINAL}` +
          (lastLine === "" ? "" : ` ("${lastLine}")`) +
          `, and ${fault} of ${OTHERS} other clients with it; ${right} of ${KTCP}. A reset is ` +
          "an everyday event: a client that is killed, or that closes with unread bytes.",
      },
    ),
    ...stated(
      "accept-once",
      [
        median(ACCEPT, `${ORIGINAL} with 'accept-once'`, "served"),
        median(ACCEPT, ORIGINAL, "served"),
      ],
      {
        isShown: ([fault, right]) => fault < OTHERS && right === OTHERS,
        text: ([fault, right]) =>
          `accept-once: of ${OTHERS} clients that connect at once, ${
            formatAmount(fault, "client")
          } ` +
          `is served by a server that accepts once for an edge. ${ORIGINAL} does not have this ` +
          `fault: it accepts until EAGAIN, and serves ${right}.`,
      },
    ),
    ...stated("strlen", [median(STRLEN, KECHO, "bytesBack"), median(STRLEN, KTCP, "bytesBack")], {
      isShown: ([fault, right]) => fault < SHORT && right === SHORT,
      text: ([fault, right]) =>
        `strlen: of ${SHORT} bytes with a NUL at ${NUL_AT}, ${fault} come back; from ${KTCP} ` +
        `${right}. kecho takes strlen() for the length of what it received. (In the kernel it ` +
        "also announces more bytes than that to kernel_sendmsg(), whose effect is not defined.)",
    }),
    ...storm(find(STORM, KTCP), find(STORM, ORIGINAL)),
    ...targets.flatMap((name) => finding(find(STORM, KTCP), find(STORM, name), "p50Us")),
  ];
}

/** A fault as a finding: its effect, or that it did not show. */
function stated(
  fault: string,
  values: (number | undefined)[],
  { isShown, text }: {
    isShown(values: number[]): boolean;
    text(values: number[]): string;
  },
): Finding[] {
  const known = values.filter((value) => value !== undefined);
  if (known.length < values.length) return [];
  const shown = isShown(known);
  return [{
    text: shown ? text(known) : `${fault}: it did not show in this run; see its table.`,
    about: `fault: ${fault}`,
    verdict: shown ? "higher" : "unclear",
  }];
}

/** Explains what the plot compares, and what it does not. */
function storm(own: VariantResult | undefined, original: VariantResult | undefined): Finding[] {
  const [left, right] = [own, original].map((one) => one?.spreads.p50Us?.median);
  if (left === undefined || right === undefined) return [];
  return [
    ...finding(own, original, "p50Us"),
    {
      text: `The plot has ${formatLatency(left)} and ${formatLatency(right)} in the middle: two ` +
        "servers of the same kind, each one thread with epoll, both in user space. In the " +
        "reports' plots the other server is kecho: it receives and sends inside the kernel, " +
        "without a switch and without a copy to user space. That gain is not in this figure; " +
        "with the module loaded, --target kecho=127.0.0.1:12345 adds it.",
    },
  ];
}
