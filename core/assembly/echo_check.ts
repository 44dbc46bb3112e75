/**
 * The echo check: generates messages that no two clients, rounds or sequence numbers share, and
 * compares what comes back, in stretches of any length, with what was sent.
 *
 * A message is printable text without line ends, cut off at its size:
 *
 *   0          8        16       24         32
 *   +----------+--------+--------+----------+--------------------- ... --+
 *   | checksum | client | round  | sequence | filler                     |
 *   | 8 hex    | 8 hex  | 8 hex  | 8 hex    | hash of checksum and offset|
 *   +----------+--------+--------+----------+--------------------- ... --+
 *
 * The checksum comes first so that even messages of a few bytes differ. The filler is computed from
 * its place, 16 bytes at a time: a byte that is lost, added or swapped shows at once, and nothing
 * that was sent has to be kept, so that a message may be larger than the memory.
 *
 * A block holds what one client needs:
 *
 *   +----------------+----------------------+-------+------------------------+-------+
 *   | Echo record    | part to send         | slack | received stretch       | slack |
 *   +----------------+----------------------+-------+------------------------+-------+
 */
import { Echo, EchoVerdict } from "../shared/abi_echo";

const HEADER_BYTES: u32 = 32;

/** The finalizer of MurmurHash3: every bit of `h` reaches every bit of the result. */
function mix(h: u32): u32 {
  h = (h ^ (h >> 16)) * 0x85ebca6b;
  h = (h ^ (h >> 13)) * 0xc2b2ae35;
  return h ^ (h >> 16);
}

function checksum(client: u32, round: u32, sequence: u32, size: u32): u32 {
  return mix(mix(mix(mix(size) + client) + round) + sequence);
}

/** Writes `value` as 8 lower-case hexadecimal digits. */
function storeHex(target: usize, value: u32): void {
  for (let shift = 28; shift >= 0; shift -= 4) {
    const digit = (value >> shift) & 15;
    store<u8>(target++, <u8>(digit + (digit < 10 ? 0x30 : 0x61 - 10)));
  }
}

/** Reads 8 lower-case hexadecimal digits; -1 when any of them is not one. */
function loadHex(source: usize): i64 {
  let value: i64 = 0;
  for (let i: usize = 0; i < 8; i++) {
    const char = load<u8>(source + i);
    let digit: u32 = char - 0x30;
    if (digit > 9) {
      digit = char - (0x61 - 10);
      if (digit < 10 || digit > 15) return -1;
    }
    value = (value << 4) | digit;
  }
  return value;
}

/** Begins a message of `size` bytes (at least 1) in `record`. */
export function beginEcho(record: usize, client: u32, round: u32, sequence: u32, size: u32): void {
  const sum = checksum(client, round, sequence, size);
  store<u32>(record, size, Echo.Size);
  store<u32>(record, 0, Echo.Sent);
  store<u32>(record, 0, Echo.Checked);
  store<u32>(record, 0, Echo.Padded);
  store<u32>(record, sum, Echo.Checksum);
  storeHex(record + Echo.Header, sum);
  storeHex(record + Echo.Header + 8, client);
  storeHex(record + Echo.Header + 16, round);
  storeHex(record + Echo.Header + 24, sequence);
}

/** Bytes `16 * index` to `16 * index + 15` of the message in `record`. */
@inline
function vectorAt(record: usize, index: u32): v128 {
  const text: usize = load<u32>(record, Echo.Text);
  if (text != 0) return v128.load(text + index * 16);
  if (index < HEADER_BYTES / 16) return v128.load(record + index * 16, Echo.Header);
  // `mix` in four lanes, each with its own start value.
  let h = i32x4.add(
    i32x4.splat(load<u32>(record, Echo.Checksum) + index * 0x9e3779b9),
    i32x4(0, 0x3c6ef372, 0x78dde6e4, 0x1715609d),
  );
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  h = v128.xor(h, i32x4.shr_u(h, 16));
  // 64 printable characters: "0" (0x30) to "o" (0x6f).
  return i8x16.add(v128.and(h, i8x16.splat(0x3f)), i8x16.splat(0x30));
}

/**
 * Writes the next part of the message, of at most `room` bytes (a multiple of 16), to `target`.
 *
 * @returns its length, 0 when the whole message was generated
 */
export function generateEcho(record: usize, target: usize, room: u32): u32 {
  const at = load<u32>(record, Echo.Sent);
  const length = min(load<u32>(record, Echo.Size) - at, room);
  for (let i: u32 = 0; i < length; i += 16) {
    v128.store(target + i, vectorAt(record, (at + i) >> 4));
  }
  store<u32>(record, at + length, Echo.Sent);
  return length;
}

/**
 * Compares the next `length` bytes of the echo, at `source`, with the message. After the message,
 * `Echo.Padding` bytes of any value are accepted.
 */
export function checkEcho(record: usize, source: usize, length: u32): EchoVerdict {
  const size = load<u32>(record, Echo.Size);
  const start = load<u32>(record, Echo.Checked);
  const end = start + min(length, size - start);
  let at = start;
  while (at < end) {
    const p = source + (at - start);
    const expected = vectorAt(record, at >> 4);
    if ((at & 15) == 0 && end - at >= 16) {
      if (!v128.any_true(v128.xor(expected, v128.load(p)))) {
        at += 16;
        continue;
      }
    }
    const stop = min((at & ~15) + 16, end);
    v128.store(record, expected, Echo.Scratch);
    for (let byte = p; at < stop; at++, byte++) {
      if (load<u8>(byte) != load<u8>(record + Echo.Scratch + (at & 15))) {
        store<u32>(record, at, Echo.Checked);
        store<u32>(record, at, Echo.MismatchAt);
        return EchoVerdict.Mismatch;
      }
    }
  }
  store<u32>(record, end, Echo.Checked);
  if (end < size) return EchoVerdict.NeedMore;
  const padding = load<u32>(record, Echo.Padding);
  const padded = load<u32>(record, Echo.Padded) + length - (end - start);
  store<u32>(record, padded, Echo.Padded);
  if (padded > padding) {
    store<u32>(record, size, Echo.MismatchAt);
    return EchoVerdict.Mismatch;
  }
  return padded == padding ? EchoVerdict.Match : EchoVerdict.NeedMore;
}

/**
 * Whether the `length` bytes at `source` start with the header of a message of this run's size,
 * intact by its checksum. If so, its identity is stored in the record.
 */
export function identifyEcho(record: usize, source: usize, length: u32): bool {
  if (length < HEADER_BYTES) return false;
  const sum = loadHex(source);
  const client = loadHex(source + 8);
  const round = loadHex(source + 16);
  const sequence = loadHex(source + 24);
  if ((sum | client | round | sequence) < 0) return false;
  store<u32>(record, <u32>client, Echo.FoundClient);
  store<u32>(record, <u32>round, Echo.FoundRound);
  store<u32>(record, <u32>sequence, Echo.FoundSequence);
  return <u32>sum == checksum(<u32>client, <u32>round, <u32>sequence, load<u32>(record, Echo.Size));
}
