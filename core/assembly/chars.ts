/**
 * Classes of bytes, with the grammar they come from (RFC 5234, RFC 9110, RFC 3986).
 *
 * A class of ASCII bytes is two tables of 16 bytes for a vector look-up. Byte 0xHL is in the class
 * when bit H is set in the entry for L of `low` and in the entry for H of `high`. `high` holds
 * 1 << H for H below 8 and 0 above it, so bytes from 0x80 on are in no class.
 */

/** 1 << H for the upper half byte H = 0 ... 7, 0 for 8 ... 15. */
// deno-fmt-ignore
export const HIGH_BITS = memory.data<u8>([1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0]);

/**
 * tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
 *       / DIGIT / ALPHA                                        (RFC 9110 section 5.6.2)
 *
 * By the lower half byte 0 ... F, which upper halves 2 ... 7 are in the class:
 *   0: 0 @no P ` p     -> 3 5 6 7      8: 8 H X h x, no (    -> 3 4 5 6 7
 *   1: ! 1 A Q a q     -> 2 3 4 5 6 7  9: 9 I Y i y          -> 3 4 5 6 7
 *   2: 2 B R b r       -> 3 4 5 6 7    A: * J Z j z, no :    -> 2 4 5 6 7
 *   3: # 3 C S c s     -> 2 3 4 5 6 7  B: + K k, no ; [ {    -> 2 4 6
 *   4: $ 4 D T d t     -> all          C: L l |, no , < \    -> 4 6 7
 *   5: % 5 E U e u     -> all          D: - M m, no = ] }    -> 2 4 6
 *   6: & 6 F V f v     -> all          E: . N ^ n ~, no >    -> 2 4 5 6 7
 *   7: ' 7 G W g w     -> all          F: O _ o, no / ? DEL  -> 4 5 6
 */
// deno-fmt-ignore
export const TCHAR_LOW = memory.data<u8>([
  0xe8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xfc, 0xf8, 0xf8, 0xf4, 0x54, 0xd0, 0x54, 0xf4, 0x70,
]);

/** Whether `c` is a tchar. */
@inline
export function isTchar(c: u32): bool {
  return (load<u8>(TCHAR_LOW + (c & 15)) & load<u8>(HIGH_BITS + (c >> 4))) != 0;
}

/** DIGIT = %x30-39 */
@inline
export function isDigit(c: u32): bool {
  return c - 0x30 < 10;
}

/** OWS = *( SP / HTAB )                                        (RFC 9110 section 5.6.3) */
@inline
export function isOws(c: u32): bool {
  return c == 0x20 || c == 0x09;
}

/** The value of a HEXDIG, 16 for any other byte. */
@inline
export function hexValue(c: u32): u32 {
  if (c - 0x30 < 10) return c - 0x30;
  const letter = (c | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}

/**
 * unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"           (RFC 3986 section 2.3)
 * sub-delims = "!" / "$" / "&" / "'" / "(" / ")" / "*" / "+" / "," / ";" / "="
 *
 * The bytes of a reg-name (section 3.2.2), except "%", which starts a pct-encoded triplet. By the
 * lower half byte, as above:
 *   0: 0 P p, no @ `       -> 3 5 7        8: ( 8 H X h x          -> 2 3 4 5 6 7
 *   1: ! 1 A Q a q         -> 2 3 4 5 6 7  9: ) 9 I Y i y          -> 2 3 4 5 6 7
 *   2: 2 B R b r, no "     -> 3 4 5 6 7    A: * J Z j z, no :      -> 2 4 5 6 7
 *   3: 3 C S c s, no #     -> 3 4 5 6 7    B: + ; K k, no [ {      -> 2 3 4 6
 *   4: $ 4 D T d t         -> 2 3 4 5 6 7  C: , L l, no < \ |      -> 2 4 6
 *   5: 5 E U e u, no %     -> 3 4 5 6 7    D: - = M m, no ] }      -> 2 3 4 6
 *   6: & 6 F V f v         -> 2 3 4 5 6 7  E: . N n ~, no > ^      -> 2 4 6 7
 *   7: ' 7 G W g w         -> 2 3 4 5 6 7  F: O _ o, no / ? DEL    -> 4 5 6
 */
// deno-fmt-ignore
export const REG_NAME_LOW = memory.data<u8>([
  0xa8, 0xfc, 0xf8, 0xf8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xf4, 0x5c, 0x54, 0x5c, 0xd4, 0x70,
]);

/** Whether `c` may occur in a reg-name. "%" is not included. */
@inline
export function isRegName(c: u32): bool {
  return (load<u8>(REG_NAME_LOW + (c & 15)) & load<u8>(HIGH_BITS + (c >> 4))) != 0;
}
