/**
 * `ktcp play` without its command line: listens, starts and stops what the page asks for, and sends
 * frames to all pages.
 */
import { CORE_WASM } from "../../core/mod.ts";
import { serveBeside } from "../../servers/mod.ts";
import { LOOPBACK } from "../../system/address.ts";
import { ProcessThreads } from "../../system/linux/process_threads.ts";
import { FRAME_MS } from "../protocol.ts";
import { Gate, newToken } from "./access.ts";
import { Audience } from "./audience.ts";
import type { Launcher, Observer } from "./children.ts";
import type { OwnMachine } from "./machine.ts";
import type { PageFiles } from "./page_files.ts";
import { MAX_RECORDING_BYTES, Playground } from "./playground.ts";
import { Session } from "./session.ts";

/** Connections at once: some for each page. */
const MAX_CONNECTIONS = 128;

/** How long everything goes on when no page is open, in ms: the page may be loaded again. */
const GRACE_MS = 30_000;

/** What a playground is made of. */
export interface PlayOptions {
  /** 0: the system chooses. */
  port: number;
  page: PageFiles;
  machine: OwnMachine;
  launcher: Launcher;
  observer: Observer;
  /** Called with what the user should know: a line without newline. */
  onNote(note: string): void;
  /** Default: 30 seconds. */
  graceMs?: number;
}

/** A playground that is open. */
export interface Play {
  /** `127.0.0.1:8088` */
  readonly address: string;
  /** Where its page is, with the token. */
  readonly url: string;
  /** Ends all servers and loads, and closes the playground. */
  stop(): Promise<void>;
}

/**
 * Opens a playground.
 *
 * @throws {SideServerError} when the port cannot be bound
 */
export function startPlay(options: PlayOptions): Play {
  const { port, page, machine, launcher, observer, onNote } = options;
  const session = new Session({ launcher, observer, onChange: () => watch() });
  const audience = new Audience(() => watch());
  const frames = new FrameClock(session, audience);
  const grace = new Grace(options.graceMs ?? GRACE_MS, () => {
    onNote("ktcp play: no page is open any more; servers and loads are stopped");
    session.stopAll();
  });
  const watch = () => {
    frames.set(audience.size > 0 || session.isLoaded);
    grace.set(audience.size === 0 && session.isBusy);
  };
  const token = newToken();
  const playground = new Playground({
    page,
    wasm: CORE_WASM,
    token,
    session,
    audience,
    machine,
    // Loaded only here: the code that draws is large, and rarely needed.
    report: async (recording) =>
      (await import("./report.ts")).recordingReport(recording, machine.environment),
  });
  const server = serveBeside(playground, {
    option: "--port",
    at: { hostname: LOOPBACK, port },
    maxConnections: MAX_CONNECTIONS,
    maxContentBytes: MAX_RECORDING_BYTES,
  });
  playground.gate = new Gate(token, Number(server.address.split(":").at(-1)));
  return {
    address: server.address,
    url: `http://${server.address}/?token=${token}`,
    stop: async () => {
      grace.set(false);
      await session.close();
      frames.set(false);
      audience.close();
      await server.stop();
      observer.close();
    },
  };
}

/** Ends everything some time after the last page has gone. */
class Grace {
  readonly #ms: number;
  readonly #onOver: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, onOver: () => void) {
    this.#ms = ms;
    this.#onOver = onOver;
  }

  /** Starts or stops it. */
  set(isRunning: boolean): void {
    if (isRunning && this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#onOver();
      }, this.#ms);
    } else if (!isRunning) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** Takes a frame every {@linkcode FRAME_MS}, and sends it to all pages. */
class FrameClock {
  readonly #session: Session;
  readonly #audience: Audience;
  readonly #threads = ProcessThreads.open();
  #timer: ReturnType<typeof setInterval> | undefined;
  #count = 0;
  /** CPU time of this thread at the last frame, in us. */
  #lastUs = 0;

  constructor(session: Session, audience: Audience) {
    this.#session = session;
    this.#audience = audience;
  }

  /** Starts or stops it. */
  set(isRunning: boolean): void {
    if (isRunning && this.#timer === undefined) {
      this.#lastUs = this.#cpuUs();
      this.#timer = setInterval(() => this.#take(), FRAME_MS);
    } else if (!isRunning) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #take(): void {
    const frame = this.#session.frame();
    // All that this thread did since the last frame counts: reading samples and sending frames, too.
    const nowUs = this.#cpuUs();
    const costUs = Math.round(nowUs - this.#lastUs);
    this.#lastUs = nowUs;
    this.#audience.send(++this.#count, JSON.stringify({ ...frame, costUs }));
  }

  #cpuUs(): number {
    // Where the kernel does not tell, elapsed time is an upper bound.
    return this.#threads?.ownCpuUs() ?? performance.now() * 1000;
  }
}
