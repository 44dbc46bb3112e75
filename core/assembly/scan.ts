/**
 * Searches over many bytes at once.
 *
 * Each looks at 16 bytes per step and never checks whether they were all received: slack follows
 * the input area, and the callers compare the result with the end of the bytes received. So there
 * is no tail loop, and stale bytes after the end have no effect. Every search stops, because it is
 * bounded by `end`: the result is `end` or more when nothing was found before it.
 */
import { HIGH_BITS, REG_NAME_LOW, TCHAR_LOW } from "./chars";

/**
 * The first byte at or after `p` that is not a tchar; `end` or more when there is none before it.
 */
@inline
export function skipToken(p: usize, end: usize): usize {
  return skipClass(p, end, TCHAR_LOW);
}

/** The first byte at or after `p` that cannot be in a reg-name; "%" counts as such. */
@inline
export function skipRegName(p: usize, end: usize): usize {
  return skipClass(p, end, REG_NAME_LOW);
}

/** The first byte at or after `p` outside the class whose table is `table`, see `chars.ts`. */
@inline
function skipClass(p: usize, end: usize, table: usize): usize {
  const low = v128.load(table);
  const high = v128.load(HIGH_BITS);
  const nibble = i8x16.splat(15);
  do {
    const x = v128.load(p);
    // The shift works on each byte, so only its upper half remains.
    const inClass = v128.and(
      i8x16.relaxed_swizzle(low, v128.and(x, nibble)),
      i8x16.relaxed_swizzle(high, i8x16.shr_u(x, 4)),
    );
    const others = i8x16.bitmask(i8x16.eq(inClass, i8x16.splat(0)));
    if (others != 0) return p + ctz(others);
    p += 16;
  } while (p < end);
  return p;
}

/**
 * The first byte at or after `p` that is not allowed in a field value: a control other than HTAB,
 * or DEL (RFC 9110 section 5.5).
 *
 * The vectors look for bytes outside SP ... 0x7E, which takes one comparison. HTAB and obs-text
 * (from 0x80 on) are rare: the search stops at them too, and continues after them.
 */
@inline
export function skipFieldValue(p: usize, end: usize): usize {
  p = skipPrintable(p, end);
  while (p < end && isRareInValue(load<u8>(p))) p = skipPrintable(p + 1, end);
  return p;
}

@inline
function isRareInValue(c: u32): bool {
  return c >= 0x80 || c == 0x09;
}

/**
 * The first byte at or after `p` that is not allowed in a request target: outside 0x21 ... 0x7E, or
 * "#" (a fragment is never sent, RFC 9112 section 3.2).
 */
@inline
export function skipTarget(p: usize, end: usize): usize {
  do {
    const x = v128.load(p);
    const stops = v128.or(
      // 0x21 ... 0x7E become 0x22 ... 0x7F; of all others the signed value is below.
      i8x16.lt_s(i8x16.add(x, i8x16.splat(1)), i8x16.splat(0x22)),
      i8x16.eq(x, i8x16.splat(0x23)),
    );
    const bits = i8x16.bitmask(stops);
    if (bits != 0) return p + ctz(bits);
    p += 16;
  } while (p < end);
  return p;
}

/**
 * The first byte at or after `p` outside SP ... 0x7E: it ends a request line or makes it malformed.
 */
@inline
export function skipPrintable(p: usize, end: usize): usize {
  do {
    const x = v128.load(p);
    // SP ... 0x7E become 0x21 ... 0x7F; of all others the signed value is below.
    const bits = i8x16.bitmask(i8x16.lt_s(i8x16.add(x, i8x16.splat(1)), i8x16.splat(0x21)));
    if (bits != 0) return p + ctz(bits);
    p += 16;
  } while (p < end);
  return p;
}
