/** The stretch of frames that each figure is taken over: a second that slides. */
import type { Frame } from "../../protocol.ts";

/** How long a stretch is, in ms. */
export const WINDOW_MS = 1000;

/**
 * Makes a function that gives a figure for each of some frames, computed from the window that ends
 * with it. A window begins with the last frame that is at least {@linkcode WINDOW_MS} older, so that
 * differences span the whole of it; at the beginning it is shorter.
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
