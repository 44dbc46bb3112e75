/** Numbers with their units, as people read them. A value that is not known is a dash. */

/** What is shown where a value is not known. */
export const UNKNOWN = "–";

/** A non-breaking space. */
const SPACE = "\u00a0";

/** `12`, `9,870`, `12.3 k`, `4.56 M`; small ones with two digits: `0.25`. */
export function formatCount(value: number | null): string {
  if (value === null) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 9_999.5) {
    const isMillions = size >= 999_500;
    return `${digits(value / (isMillions ? 1e6 : 1e3))}${SPACE}${isMillions ? "M" : "k"}`;
  }
  if (Number.isInteger(value) || size >= 100) return Math.round(value).toLocaleString("en");
  return digits(value);
}

/** A time in us: `85 µs`, `1.25 ms`, `3.4 s`. */
export function formatTime(us: number | null): string {
  if (us === null) return UNKNOWN;
  if (us < 999.5) return `${us < 10 ? digits(us) : Math.round(us)}${SPACE}µs`;
  if (us < 999_500) return `${digits(us / 1e3)}${SPACE}ms`;
  return `${digits(us / 1e6)}${SPACE}s`;
}

/** `512 B`, `4 KiB`, `37.5 MiB`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return UNKNOWN;
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (unit < units.length - 1 && bytes >= 999.5) {
    bytes /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(bytes) : digits(bytes)}${SPACE}${units[unit]}`;
}

/** A share: `87 %`, `0.4 %`, `< 0.1 %`. */
export function formatShare(share: number | null): string {
  if (share === null) return UNKNOWN;
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return `<${SPACE}0.1${SPACE}%`;
  return `${percent >= 10 ? Math.round(percent) : Number(percent.toFixed(1))}${SPACE}%`;
}

/** Three digits at most, without zeros at the end. */
function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
