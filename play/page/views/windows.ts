/** The window of frames that each figure is computed over: a sliding second. */
import type { Frame } from "../../protocol.ts";

/** The length of a window, in ms. */
export const WINDOW_MS = 1000;

/** Between frames that are further apart than this, in ms, nothing is known. */
export const GAP_MS = 500;

/**
 * Makes a function that computes a figure for each frame, from the window that ends with it. A window
 * begins with the last frame that is at least {@linkcode WINDOW_MS} older, so that differences span
 * the whole second; at the beginning and after a gap it is shorter.
 *
 * Frames never change, so a figure is computed once: later calls with more frames compute the new ones.
 */
export function overWindows<T>(
  compute: (window: readonly Frame[], server: string) => T,
): (frames: readonly Frame[], server: string) => readonly T[] {
  const known = new WeakMap<Frame, Map<string, { first: Frame; figure: T }>>();
  return (frames, server) => {
    let begin = 0;
    return frames.map((frame, i) => {
      if (i > 0 && frame.atMs - frames[i - 1].atMs > GAP_MS) begin = i;
      while (begin < i && frames[begin + 1].atMs <= frame.atMs - WINDOW_MS) begin++;
      let ofServers = known.get(frame);
      if (ofServers === undefined) known.set(frame, ofServers = new Map());
      const first = frames[begin];
      const found = ofServers.get(server);
      // The window of a frame near the beginning of `frames` may have been longer before.
      if (found !== undefined && found.first === first) return found.figure;
      const figure = compute(frames.slice(begin, i + 1), server);
      ofServers.set(server, { first, figure });
      return figure;
    });
  };
}

/**
 * `times` and `columns` with a moment of unknown values inserted into each gap, so that lines break
 * there.
 */
export function withGaps(
  times: readonly number[],
  columns: readonly (readonly (number | null)[])[],
): { times: readonly number[]; columns: readonly (readonly (number | null)[])[] } {
  const starts = times.flatMap((at, i) => i > 0 && at - times[i - 1] > GAP_MS ? [i] : []);
  if (starts.length === 0) return { times, columns };
  const broken = <T>(all: readonly T[], between: (i: number) => T) =>
    all.flatMap((value, i) => starts.includes(i) ? [between(i), value] : [value]);
  return {
    times: broken(times, (i) => (times[i - 1] + times[i]) / 2),
    columns: columns.map((column) => broken(column, () => null)),
  };
}
