/**
 * The request target and Host: their forms and their grammar (RFC 9112 section 3.2, RFC 3986
 * section 3.2).
 */
import { hexValue, isDigit, isRegName } from "./chars";
import { skipRegName } from "./scan";
import { Flag, Method } from "../shared/abi";

/** What `targetForm` returns when the target has none of the forms. */
export const NO_FORM: u32 = 0xffffffff;

/**
 * Which form the target between `p` and `end` has:
 *
 *   request-target = origin-form / absolute-form / authority-form / asterisk-form
 *
 * @returns the form's `Flag`, 0 for the origin-form, `NO_FORM` for none
 */
export function targetForm(method: u32, p: usize, end: usize): u32 {
  // authority-form = uri-host ":" port, for CONNECT and for nothing else (section 3.2.3).
  if (method == Method.Connect) {
    return isAuthority(p, end, true) ? Flag.AuthorityForm : NO_FORM;
  }
  const first = load<u8>(p);
  if (first == 0x2f) return 0; // "/": origin-form
  if (first == 0x2a && p + 1 == end) return Flag.AsteriskForm;
  // absolute-form: an origin server serves http and https, and no other scheme.
  if (end - p < 8 || (load<u32>(p) | 0x20202020) != 0x70747468) return NO_FORM; // http
  let authority = p + 4;
  if ((load<u8>(authority) | 0x20) == 0x73) ++authority; // s
  if (load<u16>(authority) != 0x2f3a || load<u8>(authority + 2) != 0x2f) return NO_FORM; // ://
  authority += 3;
  let stop = authority;
  while (stop < end && load<u8>(stop) != 0x2f && load<u8>(stop) != 0x3f) ++stop; // "/" or "?"
  return isAuthority(authority, stop, false) ? Flag.AbsoluteForm : NO_FORM;
}

/**
 * Whether `p` ... `end` is a host that is not empty, with an optional port (a required one where
 * `needsPort`). User information ("@") is refused (RFC 9110 section 4.2.4).
 *
 *   Host = uri-host [ ":" port ]                                  (RFC 9110 section 7.2)
 */
export function isAuthority(p: usize, end: usize, needsPort: bool): bool {
  if (p == end) return false;
  let q = p;
  if (load<u8>(p) == 0x5b) { // "[": IP-literal
    q = skipIpLiteral(p + 1, end);
    if (q == 0) return false;
  } else {
    // The byte at `end` ended the value or the authority, so it cannot be part of a reg-name.
    while ((q = skipRegName(q, end)) < end && load<u8>(q) != 0x3a) { // ":"
      if (!isPctEncoded(q, end)) return false;
      q += 3;
    }
    if (q == p) return false;
  }
  if (q == end) return !needsPort;
  return load<u8>(q) == 0x3a && isPort(q + 1, end, needsPort);
}

/** pct-encoded = "%" HEXDIG HEXDIG */
function isPctEncoded(p: usize, end: usize): bool {
  return load<u8>(p) == 0x25 && end - p > 2 && hexValue(load<u8>(p + 1)) < 16 && hexValue(load<u8>(p + 2)) < 16;
}

/** port = *DIGIT, and no port is above 65535. */
function isPort(p: usize, end: usize, required: bool): bool {
  if (p == end) return !required;
  let value: u32 = 0;
  for (; p < end; ++p) {
    const digit = load<u8>(p) - 0x30;
    if (digit > 9) return false;
    value = value * 10 + digit;
    if (value > 65535) return false;
  }
  return true;
}

/**
 * IP-literal = "[" ( IPv6address / IPvFuture ) "]"              (RFC 3986 section 3.2.2)
 *
 * @returns the address after "]", 0 when there is no such literal
 */
function skipIpLiteral(p: usize, end: usize): usize {
  let close = p;
  while (close < end && load<u8>(close) != 0x5d) ++close;
  if (close == end) return 0;
  const ok = (load<u8>(p) | 0x20) == 0x76 ? isIpFuture(p + 1, close) : isIpv6(p, close);
  return ok ? close + 1 : 0;
}

/** IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ), starting after the "v". */
function isIpFuture(p: usize, end: usize): bool {
  const digits = p;
  while (p < end && hexValue(load<u8>(p)) < 16) ++p;
  if (p == digits || p == end || load<u8>(p) != 0x2e) return false;
  const rest = ++p;
  while (p < end && (isRegName(load<u8>(p)) || load<u8>(p) == 0x3a)) ++p;
  return p == end && p != rest;
}

/** Eight groups of up to four HEXDIG; "::" once for missing ones; the last two may be IPv4. */
function isIpv6(p: usize, end: usize): bool {
  let groups = 0;
  let elided = false;
  if (end - p >= 2 && load<u16>(p) == 0x3a3a) {
    elided = true;
    p += 2;
  }
  while (p < end) {
    const start = p;
    while (p < end && hexValue(load<u8>(p)) < 16) ++p;
    if (p < end && load<u8>(p) == 0x2e) { // ".": an IPv4 address ends it
      if (!isIpv4(start, end)) return false;
      groups += 2;
      p = end;
      break;
    }
    if (p == start || p - start > 4) return false;
    ++groups;
    if (p == end) break;
    if (load<u8>(p) != 0x3a || ++p == end) return false;
    if (load<u8>(p) == 0x3a) {
      if (elided) return false;
      elided = true;
      ++p;
    }
  }
  return elided ? groups < 8 : groups == 8;
}

/** Four decimal numbers up to 255, without leading zeros. */
function isIpv4(p: usize, end: usize): bool {
  for (let part = 0; part < 4; ++part) {
    if (part > 0) {
      if (p == end || load<u8>(p) != 0x2e) return false;
      ++p;
    }
    const start = p;
    let value: u32 = 0;
    while (p < end && isDigit(load<u8>(p)) && p - start < 3) value = value * 10 + load<u8>(p++) - 0x30;
    if (p == start || value > 255 || (p - start > 1 && load<u8>(start) == 0x30)) return false;
  }
  return p == end;
}
