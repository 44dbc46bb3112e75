/** Instants as text in RFC 3339, as `date -u +%FT%TZ` and other tools write them. */

const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i;

/** `epochMs`, milliseconds since the epoch, in UTC with microseconds: `2026-01-31T12:05:00.000123Z`. */
export function formatInstant(epochMs: number): string {
  const epochUs = Math.round(epochMs * 1000);
  const wholeMs = Math.floor(epochUs / 1000);
  const us = String(epochUs - wholeMs * 1000).padStart(3, "0");
  return new Date(wholeMs).toISOString().replace("Z", `${us}Z`);
}

/**
 * Parses `text`, a date, a time and an offset from UTC, into milliseconds since the epoch, with
 * microsecond precision. A space may replace the T, as in `date --rfc-3339`.
 *
 * @returns null if the text is malformed, or the day or time does not exist
 */
export function parseInstant(text: string): number | null {
  const match = INSTANT.exec(text);
  if (!match) return null;
  const [, day, time, fraction = "", zone] = match;
  // `Date` moves days that do not exist to the next month, so that they do not read back the same.
  const local = new Date(`${day}T${time}Z`);
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${day}T${time}`)) {
    return null;
  }
  const wholeMs = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(wholeMs)) return null;
  return wholeMs + Math.round(Number(`0.${fraction || 0}`) * 1e6) / 1000;
}
