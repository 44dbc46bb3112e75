/** IP addresses as numbers and as text. Pure. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** An IPv4 address from its 32 bits. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${word >>> 16 & 255}.${word >>> 8 & 255}.${word & 255}`;
}

/** An IPv6 address from its four 32-bit words, most significant first, as RFC 5952 writes it. */
export function formatIpv6(words: readonly number[]): string {
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) {
    return `::ffff:${formatIpv4(words[3])}`;
  }
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(":");
  return `${hex.slice(0, run.start).join(":")}::${hex.slice(run.start + run.length).join(":")}`;
}

/** The longest run of zeros; the first one of equally long runs. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

/** The 32 bits of an IPv4 address in dotted decimal; undefined if `text` is not one. */
export function parseIpv4(text: string): number | undefined {
  if (!IPV4.test(text)) return undefined;
  return text.split(".").reduce((word, byte) => (word << 8 | Number(byte)) >>> 0, 0);
}

/**
 * The four 32-bit words, most significant first, of an IPv6 address in any spelling, without
 * brackets and zone; undefined if `text` is not one.
 */
export function parseIpv6(text: string): number[] | undefined {
  if (!/^[\da-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  // The URL parser validates, and leaves only hexadecimal groups and at most one "::".
  const [head, tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::")
    .map((half) => half === "" ? [] : half.split(":").map((group) => parseInt(group, 16)));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill(0), ...tail] : head;
  return [0, 2, 4, 6].map((at) => (groups[at] << 16 | groups[at + 1]) >>> 0);
}
