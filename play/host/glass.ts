/**
 * A run under the glass: the same bytes to a server of each set-up, which records every step of the
 * connection.
 *
 * Every run is a real one, over loopback. Recording a step takes the server some 50 us, so times
 * show the order and what waits for what, not how fast a server is.
 */
import { messageOf } from "../../system/message_of.ts";
import type { ConnectionTrace } from "../../servers/net/trace/step.ts";
import { LOOPBACK } from "../../system/address.ts";
import { unreadBytes } from "../../system/sockets/port_sockets.ts";
import { settledWithin, sleep } from "../../system/wait.ts";
import { fromBase64, toBase64 } from "../base64.ts";
import { GLASS_LIMITS, type GlassRequest, type GlassTrace, type ServerSetup } from "../protocol.ts";

/** A server that was started for a run. */
export interface GlassServer {
  port: number;
  /** Ends it. */
  stop(): Promise<unknown>;
}

/**
 * Starts a server of `setup` on a free port of the loopback address with the option `--trace`;
 * `onTrace` is called with each object that it writes as a line of JSON. Rejects when it does not start.
 */
export type StartTraced = (
  setup: ServerSetup,
  onTrace: (trace: ConnectionTrace) => void,
) => Promise<GlassServer>;

/** A request that cannot be run. The message says what is wrong with it. */
export class GlassError extends Error {
  override name = "GlassError";
}

/**
 * Pause between two parts once the server has received the first: long enough for it to handle that.
 * The more parts there are, the shorter it is, so that a run takes little more than a second.
 */
const pauseMs = (parts: number) => Math.max(5, Math.min(50, 1000 / parts));

/** How long a server may take to receive a part, and how often that is checked, in ms. */
const MOST_UNREAD_MS = 2000;
const LOOK_MS = 2;

/** When nothing comes for this time, in ms, the answer is complete, or the server waits for more. */
const QUIET_MS = 150;

/** After this time from its connection, in ms, the client ends a run. */
const RUN_MS = 10_000;

/** How long the server may take after that to report the trace, in ms. */
const TRACE_MS = 1000;

const NOT_ENDED = `The connection has not ended within ${RUN_MS / 1000} s`;

/** A request that an echo server takes as well. */
const WARM_UP = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

/** Bytes of the answer that are kept. */
const MOST_RECEIVED = 65_536;

/**
 * Sends the request's parts to a server of each set-up, one server after the other.
 *
 * @returns a trace for each set-up, in order; one whose server does not start, or whose connection does
 * not end, says why in `failure`
 * @throws {GlassError} when there are too many set-ups, parts or bytes, or a part is no base64
 */
export async function runGlass(request: GlassRequest, start: StartTraced): Promise<GlassTrace[]> {
  const parts = partsOf(request);
  // All are started first: a server that is starting would take CPU time from one that runs.
  const all = await Promise.all(request.setups.map((setup) => startOne(setup, start)));
  const traces: GlassTrace[] = [];
  try {
    for (const [i, setup] of request.setups.entries()) {
      const started = all[i];
      traces.push(
        "failure" in started
          ? { setup, steps: [], received: "", failure: started.failure }
          : { setup, ...await runOrSay(started, parts, setup.service) },
      );
    }
  } finally {
    await Promise.all(all.map(async (started) => {
      if (!("failure" in started)) await started.server.stop();
    }));
  }
  return traces;
}

/** The parts, checked. */
function partsOf({ service, setups, parts }: GlassRequest): Uint8Array<ArrayBuffer>[] {
  const most = GLASS_LIMITS;
  if (setups.length === 0 || setups.length > most.setups) {
    throw new GlassError(`${setups.length} set-ups under the glass: it takes 1 to ${most.setups}`);
  }
  if (setups.some((setup) => setup.service !== service)) {
    throw new GlassError(`A set-up is not of the service '${service}' that is asked for`);
  }
  if (parts.length === 0 || parts.length > most.parts) {
    throw new GlassError(`${parts.length} parts under the glass: it takes 1 to ${most.parts}`);
  }
  let bytes: Uint8Array<ArrayBuffer>[];
  try {
    bytes = parts.map(fromBase64);
  } catch {
    throw new GlassError("A part is not base64");
  }
  if (bytes.some(({ length }) => length === 0)) throw new GlassError("A part is empty");
  const total = sumLengths(bytes);
  if (total > most.bytes) {
    throw new GlassError(`${total} bytes under the glass: it takes at most ${most.bytes}`);
  }
  return bytes;
}

function sumLengths(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** A server that listens, and has served one connection already. */
interface Started {
  server: GlassServer;
  /** Of the next one. */
  trace: Promise<ConnectionTrace>;
}

async function startOne(
  setup: ServerSetup,
  start: StartTraced,
): Promise<Started | { failure: string }> {
  const first = Promise.withResolvers<ConnectionTrace>();
  const second = Promise.withResolvers<ConnectionTrace>();
  let count = 0;
  let server: GlassServer | undefined;
  try {
    server = await start(setup, (trace) => (count++ === 0 ? first : second).resolve(trace));
    await warmUp(server, first.promise);
    return { server, trace: second.promise };
  } catch (error) {
    await server?.stop();
    return { failure: messageOf(error) };
  }
}

/** Serves one connection that is not shown: it takes ten times as long, because code is compiled. */
async function warmUp({ port }: GlassServer, trace: Promise<ConnectionTrace>): Promise<void> {
  using socket = await Deno.connect({ hostname: LOOPBACK, port });
  await socket.write(WARM_UP);
  await socket.closeWrite();
  if (!await settledWithin(trace, RUN_MS)) throw new Error(NOT_ENDED);
}

/** One connection, from its first byte to its trace. */
async function run(
  { server, trace }: Started,
  parts: Uint8Array<ArrayBuffer>[],
  service: ServerSetup["service"],
): Promise<Omit<GlassTrace, "setup">> {
  const deadline = AbortSignal.timeout(RUN_MS);
  const lastMs = performance.now() + RUN_MS + TRACE_MS;
  const client = new GlassClient(await Deno.connect({ hostname: LOOPBACK, port: server.port }));
  deadline.addEventListener("abort", () => client.close());
  try {
    for (const [i, part] of parts.entries()) {
      if (!await client.send(part)) break;
      if (i === parts.length - 1) break;
      await untilReceived(server.port);
      await sleep(pauseMs(parts.length));
    }
    // An echo is complete when all of it is back; an HTTP server says so only by its silence.
    await client.untilQuiet(service === "echo" ? sumLengths(parts) : Infinity);
    await client.finish();
    const isTold = await settledWithin(trace, lastMs - performance.now());
    const received = toBase64(client.received);
    return isTold ? { ...await trace, received } : { steps: [], received, failure: NOT_ENDED };
  } finally {
    client.close();
  }
}

/** Waits until a server has received all that has arrived, so that what is sent next arrives apart. */
async function untilReceived(port: number): Promise<void> {
  const endMs = performance.now() + MOST_UNREAD_MS;
  // On loopback, what was sent has arrived.
  while (unreadBytes(port) && performance.now() < endMs) await sleep(LOOK_MS);
}

/** Like {@linkcode run}, with errors as `failure`. */
async function runOrSay(...args: Parameters<typeof run>): ReturnType<typeof run> {
  try {
    return await run(...args);
  } catch (error) {
    return { steps: [], received: "", failure: messageOf(error) };
  }
}

/** The client's end. */
class GlassClient {
  readonly #socket: Deno.TcpConn;
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  #hasEnded = false;
  /** Called when bytes have come, or the connection has ended. */
  #wake = () => {};
  readonly #reading: Promise<void>;

  constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
    socket.setNoDelay(true);
    this.#reading = this.#read();
  }

  /** Everything that came, at most `MOST_RECEIVED` bytes. */
  get received(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(Math.min(this.#length, MOST_RECEIVED));
    let at = 0;
    for (const part of this.#parts) {
      all.set(part.subarray(0, all.length - at), at);
      at += Math.min(part.length, all.length - at);
    }
    return all;
  }

  /** Sends `part` separately from the others. @returns false when the peer is gone */
  async send(part: Uint8Array): Promise<boolean> {
    try {
      while (part.length > 0) part = part.subarray(await this.#socket.write(part));
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until `most` bytes are there, nothing has come for `QUIET_MS`, or the peer has closed. */
  async untilQuiet(most: number): Promise<void> {
    while (!this.#hasEnded && this.#length < most) {
      const before = this.#length;
      const timer = setTimeout(() => this.#wake(), QUIET_MS);
      await new Promise<void>((resolve) => this.#wake = resolve);
      clearTimeout(timer);
      if (this.#length === before) return;
    }
  }

  /** Sends the FIN, and waits for the peer's. */
  async finish(): Promise<void> {
    await this.#socket.closeWrite().catch(() => {});
    await this.#reading;
  }

  close(): void {
    try {
      this.#socket.close();
    } catch {
      // It is closed already.
    }
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(MOST_RECEIVED);
    try {
      for (;;) {
        const count = await this.#socket.read(buffer);
        if (count === null) break;
        if (this.#length < MOST_RECEIVED) this.#parts.push(buffer.slice(0, count));
        this.#length += count;
        this.#wake();
      }
    } catch {
      // A reset, or closed by this side: what came before it counts.
    }
    this.#hasEnded = true;
    this.#wake();
  }
}
