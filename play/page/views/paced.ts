/** How often the views are updated. */
import { useRef } from "preact/hooks";
import type { Frame } from "../../protocol.ts";
import { isReduced } from "../store.ts";

/** How often values change with reduced motion, in ms. */
const REDUCED_MS = 1000;

/** The frames to show: `frames` or, with reduced motion, those of at most a second ago. */
export function usePaced(frames: readonly Frame[]): readonly Frame[] {
  const shown = useRef(frames);
  if (!isReduced.value || isDue(shown.current, frames, REDUCED_MS)) shown.current = frames;
  return shown.current;
}

/** Whether the newest of `frames` is at least `ms` away from the newest that is shown. */
export function isDue(shown: readonly Frame[], frames: readonly Frame[], ms: number): boolean {
  const [before, now] = [shown.at(-1), frames.at(-1)];
  return before === undefined || now === undefined || Math.abs(now.atMs - before.atMs) >= ms;
}
