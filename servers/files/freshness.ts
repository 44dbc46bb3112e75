/** How long a result of a disk lookup is used without checking again. Pure. */

/**
 * How long an entry is used without checking the disk. A change must be seen within one second:
 * this takes a quarter of it, the resolution of the clock of kept answers another quarter, and half
 * is left for the answer under way.
 */
export const REVALIDATE_MS = 250;

/**
 * Whether an entry that is fresh until `freshUntilMs` is fresh at `nowMs`. It is not after the
 * clock has been set back, as it would otherwise stay fresh until the clock has caught up.
 */
export function isFresh(freshUntilMs: number, nowMs: number): boolean {
  return nowMs < freshUntilMs && nowMs >= freshUntilMs - REVALIDATE_MS;
}
