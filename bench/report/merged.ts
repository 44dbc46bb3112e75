/** The line about the runs in a merged result. Pure. */
import { formatCount } from "../../system/units.ts";

/** `3 runs; all of them measured during 9.98 of 10.02 s`. */
export function mergedText(
  { merged, commonSeconds, seconds }: { merged: number; commonSeconds: number; seconds: number },
): string {
  const runs = merged === 1 ? "1 run" : `${formatCount(merged)} runs`;
  if (merged === 1) return runs;
  return `${runs}; all of them measured during ${commonSeconds.toFixed(2)} of ` +
    `${seconds.toFixed(2)} s`;
}
