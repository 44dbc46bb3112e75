/** The runs that the page holds: each begins with a load and ends with it. */
import { effect, type Signal, signal } from "@preact/signals";
import type { Frame, Recording } from "../../protocol.ts";
import { slots } from "../control.ts";
import { liveFrame, machine, setup } from "../store.ts";
import { Recorder } from "./recorder.ts";

/** A run. */
export interface Run {
  id: number;
  recording: Recording;
  /** Letters of its servers by id. */
  letters: ReadonlyMap<string, string>;
  /** Of so many frames one is kept. */
  stride: number;
  /** The name of its file, where it was opened. */
  file?: string;
}

/** All runs, the newest first. */
export const runs: Signal<readonly Run[]> = signal([]);

/** Whether a run is being recorded. */
export const isRecording: Signal<boolean> = signal(false);

/** Runs that are held at the most; the oldest are let go. */
export const MOST_RUNS = 8;

/** How long frames are taken after the last load has ended, in ms: what it leaves behind. */
const AFTER_MS = 1000;

let nextId = 1;

/** Adds a run. */
export function addRun(run: Omit<Run, "id">): Run {
  const added = { ...run, id: nextId++ };
  runs.value = [added, ...runs.value].slice(0, MOST_RUNS);
  return added;
}

/** Lets go of a run. */
export function dropRun(id: number): void {
  runs.value = runs.value.filter((run) => run.id !== id);
}

/** Letters for the servers of a recording, in the order in which they appear. */
export function lettersOf({ frames }: Recording): ReadonlyMap<string, string> {
  const ids = new Set(frames.flatMap(({ servers }) => servers.map(({ id }) => id)));
  return new Map([...ids].map((id, index) => [id, "ABCD"[index % 4]]));
}

/** Records a run whenever a load runs. @returns ends it */
export function keepRuns(): () => void {
  let recorder: Recorder | null = null;
  let before: Frame | null = null;
  let startSetup = setup.peek();
  let letters = new Map<string, string>();
  let quietSinceMs: number | null = null;
  return effect(() => {
    const frame = liveFrame.value;
    if (frame === null || frame === before) return;
    const isLoaded = frame.loads.some(({ state }) => state === "running");
    if (recorder === null && isLoaded) {
      recorder = new Recorder();
      if (before !== null) recorder.add(before);
      startSetup = setup.peek();
      letters = new Map();
      isRecording.value = true;
    }
    before = frame;
    if (recorder === null) return;
    recorder.add(frame);
    slots.peek().forEach((id, index) => id && letters.set(id, "ABCD"[index]));
    quietSinceMs = isLoaded ? null : quietSinceMs ?? frame.atMs;
    if (quietSinceMs === null || frame.atMs - quietSinceMs < AFTER_MS) return;
    const host = machine.peek();
    if (host !== null) {
      const recording: Recording = {
        format: "ktcp-play-1",
        savedAt: new Date().toISOString(),
        machine: host,
        setup: startSetup,
        frames: recorder.finish(),
      };
      addRun({ recording, letters, stride: recorder.stride });
    }
    recorder = null;
    quietSinceMs = null;
    isRecording.value = false;
  });
}
