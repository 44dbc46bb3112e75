/** How long what was found on disk is used without another look. Pure. */

/**
 * How long an entry is used without a look at the disk. A quarter of the second within which a change
 * must be seen: another quarter is the resolution of the clock that kept answers go by, and half is
 * left for the answer under way.
 */
export const REVALIDATE_MS = 250;

/**
 * Whether what is fresh until `freshUntilMs` is so at `nowMs`. It is not when the clock has been set
 * back: it would stay fresh until the clock is there again.
 */
export function isFresh(freshUntilMs: number, nowMs: number): boolean {
  return nowMs < freshUntilMs && nowMs >= freshUntilMs - REVALIDATE_MS;
}
