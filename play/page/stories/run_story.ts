/**
 * Runs the steps of a story, one after the other: starts the server, waits until it listens, puts the
 * load on it, collects frames until the load has ended, and stops the server.
 *
 * Times are taken from the frames, so that a test can make frames up.
 */
import type { Frame, LoadSetup, LoadStart, Machine, ServerSetup } from "../../protocol.ts";
import { LOAD_BOUNDS } from "../../limits.ts";
import { figuresOf, type RunFigures } from "../runs/figures.ts";
import { DEFAULT_LOAD, DEFAULT_SERVER } from "../../defaults.ts";
import type { Choice, Story, StoryStep } from "./story.ts";

/** What a story needs of the host. */
export interface StoryHost {
  startServer(setup: ServerSetup): Promise<string>;
  stopServer(id: string): Promise<void>;
  startLoad(start: LoadStart): Promise<string[]>;
  stopLoad(id: string): Promise<void>;
  /** Calls `listener` with each new frame. @returns a function that ends this */
  onFrame(listener: (frame: Frame) => void): () => void;
}

/** Why a story did not run to its end. */
export class StoryError extends Error {
  override name = "StoryError";
}

/** How far a story is. */
export interface Progress {
  step: number;
  doing: "starting" | "loading" | "stopping";
}

export interface RunStoryOptions {
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** Is called with the figures of each step when it has ended. */
  onFigures?: (step: number, figures: RunFigures) => void;
}

/** How long a server may take until it listens, in ms. */
const START_MS = 15_000;

/** How long after its duration a load is stopped, in ms: clients may be stuck. */
const LATE_MS = 1500;

/** Frames that are taken after a load has ended, to show what it leaves behind. */
const FRAMES_AFTER = 3;

/** The whole set-up of a step, within what `machine` allows. */
export function setupOf(
  { server, load }: StoryStep,
  machine: Machine | null,
): { server: ServerSetup; load: LoadSetup } {
  const most = Math.min(LOAD_BOUNDS.clients.max, machine?.limits.clients ?? Infinity);
  const whole = { ...DEFAULT_LOAD, ...load };
  const setup = { ...DEFAULT_SERVER, ...server };
  return {
    server: { ...setup, workers: Math.min(setup.workers, 2 * (machine?.cpus ?? 1)) },
    load: {
      ...whole,
      clients: Math.min(whole.clients, most),
      silentClients: Math.min(whole.silentClients, most),
      slowClients: Math.min(whole.slowClients, most),
    },
  };
}

/** Engines that a story needs and `machine` lacks. */
export function lackingEngines({ steps }: Story, { engines }: Machine): string[] {
  const needed = steps.map(({ server }) => server.engine ?? DEFAULT_SERVER.engine);
  return [...new Set(needed)].filter((engine) => !engines.includes(engine));
}

/** The prediction that the figures confirm; null if they confirm none. */
export function borneOut({ predict }: Story, figures: readonly RunFigures[]): Choice | null {
  return predict.choices.find(({ holds }) => holds(figures)) ?? null;
}

/**
 * Runs `story`.
 *
 * @returns the figures of each step
 * @throws {StoryError} when a server ends by itself, or something takes too long
 * @throws the reason of `signal`, when it is aborted
 */
export async function runStory(
  story: Story,
  host: StoryHost,
  machine: Machine | null,
  { signal, onProgress, onFigures }: RunStoryOptions,
): Promise<RunFigures[]> {
  const all: RunFigures[] = [];
  for (const [index, step] of story.steps.entries()) {
    signal.throwIfAborted();
    const run = new StepRun(host, signal, (doing) => onProgress?.({ step: index, doing }));
    try {
      const figures = await run.run(step, machine);
      all.push(figures);
      onFigures?.(index, figures);
    } finally {
      await run.cleanUp();
    }
  }
  return all;
}

/** One step. */
class StepRun {
  readonly #host: StoryHost;
  readonly #signal: AbortSignal;
  readonly #tell: (doing: Progress["doing"]) => void;
  #server: string | null = null;
  #loads: string[] = [];

  constructor(host: StoryHost, signal: AbortSignal, tell: (doing: Progress["doing"]) => void) {
    this.#host = host;
    this.#signal = signal;
    this.#tell = tell;
  }

  async run(step: StoryStep, machine: Machine | null): Promise<RunFigures> {
    const { server, load } = setupOf(step, machine);
    this.#tell("starting");
    const id = this.#server = await this.#host.startServer(server);
    await this.#frames(START_MS, (frame) => {
      const view = frame.servers.find((one) => one.id === id);
      if (view?.state === "ended") throw new StoryError(view.failure ?? "the server has ended");
      return view?.state === "running";
    });
    this.#tell("loading");
    const collecting = this.#collect(id, load, step.stopAfterMs);
    // Frames are followed before the load is asked for, so that its beginning is not missed.
    collecting.catch(() => {});
    this.#loads = await this.#host.startLoad({ servers: [id], load });
    return figuresOf(await collecting, id);
  }

  /** Ends what is left: the server, and the load if the step was aborted. */
  async cleanUp(): Promise<void> {
    this.#tell("stopping");
    // Stopping a load that has ended by itself is refused, which does no harm.
    await Promise.allSettled(this.#loads.map((id) => this.#host.stopLoad(id)));
    if (this.#server === null) return;
    const id = this.#server;
    this.#server = null;
    await this.#host.stopServer(id).catch(() => {});
  }

  async #collect(
    server: string,
    load: LoadSetup,
    stopAfterMs: number | undefined,
  ): Promise<Frame[]> {
    const frames: Frame[] = [];
    let startMs: number | null = null;
    let answeredMs: number | null = null;
    let after = 0;
    let isStopped = false;
    await this.#frames(load.durationMs + 2 * START_MS, (frame) => {
      frames.push(frame);
      const own = frame.loads.filter(({ serverId }) => serverId === server);
      const running = own.find(({ state }) => state === "running");
      const failed = own.find(({ failure }) => failure !== undefined);
      if (running !== undefined) startMs ??= frame.atMs;
      // A load that has been started takes a while to send.
      if (running?.samples.some(({ answers }) => answers > 0)) answeredMs ??= frame.atMs;
      if (answeredMs !== null && stopAfterMs !== undefined && this.#server !== null) {
        if (frame.atMs - answeredMs >= stopAfterMs) {
          this.#server = null;
          // Errors show in the frames.
          this.#host.stopServer(server).catch(() => {});
        }
      }
      if (startMs !== null && !isStopped && frame.atMs - startMs > load.durationMs + LATE_MS) {
        isStopped = true;
        for (const id of this.#loads) this.#host.stopLoad(id).catch(() => {});
      }
      if (failed !== undefined && !own.some(({ samples }) => samples.length > 0) && !startMs) {
        throw new StoryError(failed.failure!);
      }
      const isOver = running === undefined && (startMs !== null || own.length > 0);
      return isOver && ++after > FRAMES_AFTER;
    });
    this.#loads = [];
    return frames;
  }

  /** Follows frames until `isDone`, for at most `withinMs` of their time. */
  #frames(withinMs: number, isDone: (frame: Frame) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let firstMs: number | null = null;
      let stop = () => {};
      const end = (settle: () => void) => {
        stop();
        this.#signal.removeEventListener("abort", onAbort);
        settle();
      };
      const onAbort = () => end(() => reject(this.#signal.reason));
      this.#signal.addEventListener("abort", onAbort);
      stop = this.#host.onFrame((frame) => {
        firstMs ??= frame.atMs;
        try {
          if (isDone(frame)) end(resolve);
          else if (frame.atMs - firstMs > withinMs) {
            end(() => reject(new StoryError(`nothing came of it in ${withinMs / 1000} s`)));
          }
        } catch (error) {
          end(() => reject(error));
        }
      });
      if (this.#signal.aborted) onAbort();
    });
  }
}
