/** The runs that the page holds: each begins with a load and ends with it. */
import { effect, type Signal, signal } from "@preact/signals";
import type { Frame, LoadResult, Recording, Setup } from "../../protocol.ts";
import { LETTERS, slots } from "../control.ts";
import { liveFrame, machine, setup } from "../store.ts";
import { httpHost } from "../transport.ts";
import { Recorder } from "./recorder.ts";

/** A run. */
export interface Run {
  id: number;
  recording: Recording;
  /** Letters of its servers by id. */
  letters: ReadonlyMap<string, string>;
  /** One of this many frames is kept. */
  stride: number;
  /** The name of the file that it was opened from. */
  file?: string;
}

/** All runs, the newest first. */
export const runs: Signal<readonly Run[]> = signal([]);

/** Whether a run is being recorded. */
export const isRecording: Signal<boolean> = signal(false);

/** The most runs that are held; older ones are dropped. */
export const MOST_RUNS = 12;

/** How long recording goes on after the last load has ended, in ms, to show what it leaves behind. */
const AFTER_MS = 1000;

let nextId = 1;

/** Adds a run. */
export function addRun(run: Omit<Run, "id">): Run {
  const added = { ...run, id: nextId++ };
  runs.value = [added, ...runs.value].slice(0, MOST_RUNS);
  return added;
}

/** Removes a run. */
export function dropRun(id: number): void {
  runs.value = runs.value.filter((run) => run.id !== id);
}

/** Letters for the servers of a recording, in the order in which they appear. */
export function lettersOf({ frames }: Recording): ReadonlyMap<string, string> {
  const ids = new Set(frames.flatMap(({ servers }) => servers.map(({ id }) => id)));
  return new Map([...ids].map((id, index) => [id, LETTERS[index % LETTERS.length]]));
}

/** A run that is being recorded. */
interface Begun {
  recorder: Recorder;
  setup: Setup;
  letters: Map<string, string>;
  /** Whole results of loads by id, which frames do not hold. */
  results: Map<string, LoadResult>;
  /** Loads whose results were asked for. */
  asked: Set<string>;
  /** When the last load ended; null while one runs. */
  quietSinceMs: number | null;
}

function begin(before: Frame | null): Begun {
  const recorder = new Recorder();
  if (before !== null) recorder.add(before);
  isRecording.value = true;
  return {
    recorder,
    setup: setup.peek(),
    letters: new Map(),
    results: new Map(),
    asked: new Set(),
    quietSinceMs: null,
  };
}

/** Asks for the results of loads that have ended: at once, because they may be gone later. */
function askForResults({ loads }: Frame, { asked, results }: Begun): void {
  for (const { id, result } of loads) {
    if (result === null || asked.has(id)) continue;
    asked.add(id);
    // If the host no longer has it, the report does without it.
    httpHost.loadResult(id).then((whole) => results.set(id, whole), () => {});
  }
}

function finish({ recorder, setup, letters, results }: Begun): void {
  isRecording.value = false;
  const host = machine.peek();
  if (host === null) return;
  const recording: Recording = {
    format: "ktcp-play-1",
    savedAt: new Date().toISOString(),
    machine: host,
    setup,
    frames: recorder.finish(),
    results: Object.fromEntries(results),
  };
  addRun({ recording, letters, stride: recorder.stride });
}

/** Records a run whenever a load runs. @returns a function that ends this */
export function keepRuns(): () => void {
  let begun: Begun | null = null;
  let before: Frame | null = null;
  return effect(() => {
    const frame = liveFrame.value;
    if (frame === null || frame === before) return;
    const isLoaded = frame.loads.some(({ state }) => state === "running");
    // The next load begins another run.
    if (begun !== null && begun.quietSinceMs !== null && isLoaded) {
      finish(begun);
      begun = null;
    }
    if (begun === null && isLoaded) begun = begin(before);
    before = frame;
    if (begun === null) return;
    const { recorder, letters } = begun;
    recorder.add(frame);
    askForResults(frame, begun);
    slots.peek().forEach((id, index) => id && letters.set(id, LETTERS[index]));
    begun.quietSinceMs = isLoaded ? null : begun.quietSinceMs ?? frame.atMs;
    if (begun.quietSinceMs === null || frame.atMs - begun.quietSinceMs < AFTER_MS) return;
    finish(begun);
    begun = null;
  });
}
