/** Replays a run: the store then shows the frames of the run, up to a moment. */
import { type Signal, signal } from "@preact/signals";
import type { Frame } from "../../protocol.ts";
import { replayed, windowUpTo } from "../store.ts";
import type { Run } from "./runs.ts";

/** Speeds, as multiples of the real one. */
export const SPEEDS = [0.25, 0.5, 1, 2, 4] as const;

/** A run that is replayed. */
export interface Replay {
  run: Run;
  /** Index of the frame that is shown. */
  at: number;
  isPlaying: boolean;
  speed: (typeof SPEEDS)[number];
}

/** The run that is replayed; null: the host's frames are shown. */
export const replay: Signal<Replay | null> = signal(null);

/** Index of the frame that is shown `ms` after the one at `from`; at most that of the last. */
export function indexAfter(frames: readonly Frame[], from: number, ms: number): number {
  const until = frames[from].atMs + ms;
  let at = from;
  while (at < frames.length - 1 && frames[at + 1].atMs <= until) at++;
  return at;
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Changes what is shown; `null` goes back to the host's frames. */
export function showReplay(change: Partial<Replay> | null): void {
  clearTimeout(timer);
  if (change === null) {
    replay.value = null;
    replayed.value = null;
    return;
  }
  const now = replay.value;
  const run = change.run ?? now?.run;
  if (run === undefined) return;
  const { frames } = run.recording;
  const next: Replay = {
    run,
    at: change.at ?? (change.run ? 0 : now?.at ?? 0),
    isPlaying: change.isPlaying ?? now?.isPlaying ?? true,
    speed: change.speed ?? now?.speed ?? 1,
  };
  // Playing from the end starts again at the beginning.
  if (change.isPlaying && next.at >= frames.length - 1) next.at = 0;
  if (next.at >= frames.length - 1 && change.isPlaying !== true) next.isPlaying = false;
  replay.value = next;
  replayed.value = windowUpTo(frames.slice(0, next.at + 1));
  if (next.isPlaying) scheduleNext(next);
}

function scheduleNext({ run, at, speed }: Replay): void {
  const { frames } = run.recording;
  if (at >= frames.length - 1) return showReplay({ isPlaying: false });
  const startMs = performance.now();
  const waitMs = (frames[at + 1].atMs - frames[at].atMs) / speed;
  timer = setTimeout(() => {
    // Timers fire late, most of all in a hidden tab: frames are skipped to keep to the time.
    const ms = Math.max(
      (performance.now() - startMs) * speed,
      frames[at + 1].atMs - frames[at].atMs,
    );
    showReplay({ at: indexAfter(frames, at, ms) });
  }, waitMs);
}
