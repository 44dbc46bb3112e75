/** How fast the views follow. */
import { useRef } from "preact/hooks";
import type { Frame } from "../../protocol.ts";
import { isReduced } from "../store.ts";

/** How often values change for those who ask for no motion, in ms. */
const REDUCED_MS = 1000;

/** The frames to show: the given ones, or, where no motion is asked for, those of a second ago at most. */
export function usePaced(frames: readonly Frame[]): readonly Frame[] {
  const shown = useRef(frames);
  if (!isReduced.value || isDue(shown.current, frames, REDUCED_MS)) shown.current = frames;
  return shown.current;
}

/** Whether the newest of `frames` is `ms` away from the newest of those that are `shown`. */
export function isDue(shown: readonly Frame[], frames: readonly Frame[], ms: number): boolean {
  const [before, now] = [shown.at(-1), frames.at(-1)];
  return before === undefined || now === undefined || Math.abs(now.atMs - before.atMs) >= ms;
}
