/**
 * Answers plain requests without leaving Wasm: a batch of pipelined requests costs the host one
 * call and one write.
 *
 * A request is plain when it is a GET or HEAD of HTTP/1.1 with nothing to decide: the connection
 * stays open, there is no content, expectation, condition, range or authorization, and the target
 * has the origin's form. It gets the canned response, which answers every target, or the response
 * that the host keeps for its target (and its Accept-Encoding). All others go to the host.
 *
 * At most one block of output is filled by copying, so that a connection holds little memory. A
 * large response is sent from where it is stored, as the last of its batch. So is any response when
 * there is no block to copy it to, so plain requests are answered even when no block is free.
 *
 * Kept responses are in an area of their own. It is filled from its start; when it is full, filling
 * starts over:
 *
 *   CacheStart                              CacheNext                CacheEnd
 *   +-------------+---------+---------+-- ... --+---------+-- ... --+
 *   | hash table  | entry   | entry   |         | entry   |         |
 *   | 4096 words  |         |         |         |         |         |
 *   +-------------+---------+---------+-- ... --+---------+-- ... --+
 *
 *   entry: | Entry record | target | Accept-Encoding | head | content |
 *
 * A new entry replaces the oldest ones, except those that are being sent: an entry that a slow
 * reader holds stays where it is, and new entries are placed around it.
 */
import { blockCapacity, commit, refer, reserve, room } from "./output";
import { next } from "./request";
import { Conn, Entry, Event, Field, FieldSet, Flag, Method, Place } from "../shared/abi";

/** Responses up to this size are copied, so that those of a batch leave in one write. */
const COPY_BYTES: u32 = 4096;

/**
 * Words of the hash table, a power of two; their bytes; and the most slots that a search probes.
 */
const TABLE_WORDS: u32 = 4096;
const TABLE_BYTES: u32 = TABLE_WORDS << 2;
const PROBES: u32 = 8;

/** The smallest part of the area that is worth a record of its own. */
const LEAST_BYTES: u32 = 64;

/**
 * The farthest ahead, in ms, that the end of a kept response's freshness may be. The host sets the
 * end to 250 ms after its own time; the clock here shows the last tick, which was up to 250 ms
 * earlier, or more when ticks are late. A clock that is set back is noticed with the next tick, so
 * a stale response is sent for one second at most.
 */
const MAX_FRESH_MS: u32 = 750;

/** Offset of the date in a response: "HTTP/1.1 200 OK", CRLF, "Date: ". */
const DATE_OFFSET: usize = 23;
/** Bytes of an IMF-fixdate (RFC 9110 section 5.6.7). */
const DATE_BYTES: usize = 29;

/** Whether the request whose head was just found on `conn` is plain. */
export function isPlain(conn: usize): bool {
  const method = load<u32>(conn, Conn.Method);
  return load<u32>(conn, Conn.Flags) == Flag.KeepAlive && load<u32>(conn, Conn.Minor) != 0 &&
    (method == Method.Get || method == Method.Head) && (load<u32>(conn, Conn.Present) & FieldSet.Decisive) == 0;
}

/**
 * Like `next`, but answers plain requests for which there is a response. A request is given to the
 * host only while at least three quarters of a block are left for its answer.
 *
 * @returns the event of the first request that is for the host; `Event.NeedMore` when all are
 *   answered; `Event.Flush` when more are in the input, but output has to be sent first
 */
export function answerPlain(conn: usize): u32 {
  const event = answerAll(conn);
  if ((event == Event.Head || event == Event.End) && isLong(load<u32>(conn, Conn.OutTail))) return later(conn, event);
  return event;
}

/** Whether the output that ends with the block `tail` leaves less than three quarters of it. */
@inline
function isLong(tail: usize): bool {
  return tail != 0 && room(tail) < blockCapacity() - (blockCapacity() >> 2);
}

/** Leaves `event` for `next` to report when the output has been sent. @returns `Event.Flush` */
function later(conn: usize, event: u32): u32 {
  store<u32>(conn, event, Conn.Peeked);
  return Event.Flush;
}

@inline
function answerAll(conn: usize): u32 {
  let event = next(conn);
  if (event != Event.Head) return event;
  let served: u32 = 0;
  let heads: u32 = 0;
  while (event == Event.Head && isPlain(conn)) {
    // Read once: another thread may withdraw the canned response at any time.
    const canned: usize = load<u32>(Place.CannedStart);
    const sent = canned != 0 ? sendCanned(conn, canned) : sendKept(conn);
    if (sent == Sent.None) break;
    if (sent == Sent.NoRoom) {
      event = later(conn, event);
      break;
    }
    ++served;
    // Counted before the next request overwrites the method.
    if (load<u32>(conn, Conn.Method) == Method.Head) ++heads;
    if (sent == Sent.AsReference) {
      event = load<u32>(conn, Conn.Pos) == load<u32>(conn, Conn.End) ? Event.NeedMore : Event.Flush;
      break;
    }
    event = next(conn);
  }
  store<u32>(conn, load<u32>(conn, Conn.Served) + served, Conn.Served);
  if (heads != 0) store<u32>(conn, load<u32>(conn, Conn.ServedHeads) + heads, Conn.ServedHeads);
  return event;
}

/** The outcome for a request that may be plain. */
const enum Sent {
  /** There is no response for it. */
  None = 0,
  Copied = 1,
  /** It was answered by a reference: nothing may be appended before that is sent. */
  AsReference = 2,
  /** Output has to be sent first. */
  NoRoom = 3,
}

@inline
function sendCanned(conn: usize, canned: usize): Sent {
  const isHead = load<u32>(conn, Conn.Method) == Method.Head;
  const length = load<u32>(isHead ? Place.CannedHeadLength : Place.CannedLength);
  return send(conn, canned, length, 0);
}

/** Copies a response into the output, or refers to it there when it is large or goes alone. */
@inline
function send(conn: usize, response: usize, length: u32, entry: usize): Sent {
  const chain = conn + Conn.OutHead;
  const tail: usize = load<u32>(chain, 4);
  const isAlone = tail == 0 && load<u32>(conn, Conn.Pos) == load<u32>(conn, Conn.End);
  if (length <= COPY_BYTES && !isAlone) {
    if (tail != 0 && room(tail) < length) return Sent.NoRoom;
    const target = reserve(chain, length);
    if (target != 0) {
      memory.copy(target, response, length);
      commit(chain, length);
      return Sent.Copied;
    }
  }
  return refer(conn, response, length, entry) ? Sent.AsReference : Sent.NoRoom;
}

function sendKept(conn: usize): Sent {
  const table: usize = load<u32>(Place.CacheStart);
  if (table == 0) return Sent.None;
  const slot = findSlot(table, conn, hashKey(conn));
  if (slot == 0) return Sent.None;
  const entry: usize = load<u32>(slot);
  if (entry == 0 || !isFresh(entry)) return Sent.None;
  const response: usize = load<u32>(entry, Entry.Response);
  if (load<u32>(entry, Entry.Second) != load<u32>(Place.Second)) {
    memory.copy(response + DATE_OFFSET, Place.Date, DATE_BYTES);
    store<u32>(entry, load<u32>(Place.Second), Entry.Second);
  }
  const isHead = load<u32>(conn, Conn.Method) == Method.Head;
  const length = isHead ? load<u32>(entry, Entry.HeadLength) : load<u32>(entry, Entry.Length);
  return send(conn, response, length, entry);
}

/**
 * Whether the entry is fresh: the clock is close to the end of its freshness and has not reached
 * it. If the clock was set back, the end is far ahead, and the entry would otherwise stay fresh
 * until the clock has caught up.
 */
@inline
function isFresh(entry: usize): bool {
  // Unsigned: an end that has passed is far ahead, and the clock may wrap, after 49 days.
  return load<u32>(entry, Entry.FreshUntilMs) - load<u32>(Place.NowMs) - 1 < MAX_FRESH_MS;
}

@inline
function targetOf(conn: usize): usize {
  return load<u32>(conn, Conn.Head) + load<u32>(conn, Conn.TargetOffset);
}

/**
 * Length of the Accept-Encoding received, 0 when it is absent or empty: both mean the same here.
 */
@inline
function codingLength(conn: usize): u32 {
  const isThere = load<u32>(conn, Conn.Present) & (1 << Field.AcceptEncoding);
  return isThere ? load<u32>(conn, Conn.Known + Field.AcceptEncoding * 8 + 4) : 0;
}

@inline
function codingOf(conn: usize): usize {
  return load<u32>(conn, Conn.Head) + load<u32>(conn, Conn.Known + Field.AcceptEncoding * 8);
}

/** A hash of the key of a kept response: the target and the Accept-Encoding. */
function hashKey(conn: usize): u32 {
  const seed = hashBytes(targetOf(conn), load<u32>(conn, Conn.TargetLength), 0x9e3779b97f4a7c15);
  const length = codingLength(conn);
  const all = length == 0 ? seed : hashBytes(codingOf(conn), length, seed);
  return <u32>(all ^ (all >> 32));
}

/**
 * Multiply-and-fold, eight bytes per step. It needs no secret, because only the host chooses what
 * is kept.
 */
@inline
function hashBytes(p: usize, length: u32, seed: u64): u64 {
  let hash = seed ^ length;
  let left = length;
  for (; left >= 8; left -= 8, p += 8) hash = fold(hash, load<u64>(p));
  if (left > 0) hash = fold(hash, load<u64>(p) & ((<u64>1 << (left << 3)) - 1));
  return hash;
}

@inline
function fold(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * 0xff51afd7ed558ccd;
  return product ^ (product >> 29);
}

/**
 * The slot of the table that holds the entry for the request on `conn`. Without such an entry, a
 * free slot; 0 when there is no free slot either.
 */
function findSlot(table: usize, conn: usize, hash: u32): usize {
  let free: usize = 0;
  for (let i: u32 = 0; i < PROBES; ++i) {
    const slot = table + (((hash + i) & (TABLE_WORDS - 1)) << 2);
    const entry: usize = load<u32>(slot);
    if (entry == 0) {
      if (free == 0) free = slot;
    } else if (load<u32>(entry, Entry.Hash) == hash && hasKey(entry, conn)) return slot;
  }
  return free;
}

function hasKey(entry: usize, conn: usize): bool {
  const targetLength = load<u32>(conn, Conn.TargetLength);
  const coding = codingLength(conn);
  if (load<u32>(entry, Entry.TargetLength) != targetLength || load<u32>(entry, Entry.CodingLength) != coding) {
    return false;
  }
  const key = entry + Entry.Key;
  return memory.compare(key, targetOf(conn), targetLength) == 0 &&
    (coding == 0 || memory.compare(key + targetLength, codingOf(conn), coding) == 0);
}

/**
 * Makes room for a response of `length` bytes, the first `headLength` of them the head, to be kept
 * for plain requests like the one on `conn`. The caller writes it before anything else is called.
 *
 * @returns the entry, 0 when there is no room now
 */
export function keep(conn: usize, length: u32, headLength: u32, freshUntilMs: u32): usize {
  const table: usize = load<u32>(Place.CacheStart);
  if (table == 0) return 0;
  const targetLength = load<u32>(conn, Conn.TargetLength);
  const coding = codingLength(conn);
  const head: u32 = (Entry.Key + targetLength + coding + 15) & ~15;
  const size: u32 = (head + length + 15) & ~15;
  const entry = makeSpace(table, size);
  if (entry == 0) return 0;
  const hash = hashKey(conn);
  let slot = findSlot(table, conn, hash);
  // This part of the table is full: replace the entry in the key's first slot.
  if (slot == 0) slot = table + ((hash & (TABLE_WORDS - 1)) << 2);
  const serial = load<u32>(Place.LastSerial) + 1;
  store<u32>(Place.LastSerial, serial);
  store<u32>(entry, serial, Entry.Serial);
  store<u32>(entry, <u32>slot, Entry.Slot);
  store<u32>(entry, hash, Entry.Hash);
  store<u32>(entry, freshUntilMs, Entry.FreshUntilMs);
  store<u32>(entry, targetLength, Entry.TargetLength);
  store<u32>(entry, coding, Entry.CodingLength);
  store<u32>(entry, headLength, Entry.HeadLength);
  store<u32>(entry, length, Entry.Length);
  store<u32>(entry, <u32>(entry + head), Entry.Response);
  store<u32>(entry, 0, Entry.Second);
  memory.copy(entry + Entry.Key, targetOf(conn), targetLength);
  if (coding != 0) memory.copy(entry + Entry.Key + targetLength, codingOf(conn), coding);
  store<u32>(slot, <u32>entry);
  return entry;
}

/**
 * Lets the kept response `serial` for requests like the one on `conn` stay fresh longer.
 *
 * @returns false when it is no longer there
 */
export function renew(conn: usize, serial: u32, freshUntilMs: u32): bool {
  const table: usize = load<u32>(Place.CacheStart);
  if (table == 0) return false;
  const slot = findSlot(table, conn, hashKey(conn));
  const entry: usize = slot == 0 ? 0 : load<u32>(slot);
  if (entry == 0 || load<u32>(entry, Entry.Serial) != serial) return false;
  store<u32>(entry, freshUntilMs, Entry.FreshUntilMs);
  return true;
}

/**
 * Frees a part of the area of `size` bytes by dropping entries, from `CacheNext` on. Parts, free or
 * not, cover the area without gaps.
 *
 * @returns its address; 0 when no such part is left between the entries that are being sent
 */
function makeSpace(table: usize, size: u32): usize {
  const first = table + TABLE_BYTES;
  const end: usize = load<u32>(Place.CacheEnd);
  if (size > <u32>(end - first)) return 0;
  let from: usize = load<u32>(Place.CacheNext);
  let p = from;
  // Go round twice, because the space found may include the place where the search began.
  for (let left = 2 * <u64>(end - first); <u32>(p - from) < size;) {
    if (p == end) {
      markFree(from, p);
      from = p = first;
    }
    const bytes = load<u32>(p, Entry.Size);
    if (left < bytes) break;
    left -= bytes;
    if (load<u32>(p, Entry.References) == 0) {
      const slot: usize = load<u32>(p, Entry.Slot);
      if (slot != 0 && load<u32>(slot) == <u32>p) store<u32>(slot, 0);
      p += bytes;
    } else {
      markFree(from, p);
      from = p += bytes;
    }
  }
  const found = <u32>(p - from);
  if (found < size) {
    markFree(from, p);
    store<u32>(Place.CacheNext, <u32>from);
    return 0;
  }
  const taken = found - size < LEAST_BYTES ? found : size;
  markFree(from + taken, p);
  store<u32>(from, taken, Entry.Size);
  store<u32>(from, 0, Entry.References);
  store<u32>(Place.CacheNext, <u32>(from + taken));
  return from;
}

/** Makes `from` ... `to` one free part, unless it is empty. */
function markFree(from: usize, to: usize): void {
  if (from == to) return;
  store<u32>(from, <u32>(to - from), Entry.Size);
  store<u32>(from, 0, Entry.References);
  store<u32>(from, 0, Entry.Slot);
}

/** Gives `bytes` of memory from `start` on to kept responses, if they are enough for any. */
export function openCache(start: usize, bytes: u32): void {
  const whole = bytes & ~15;
  if (whole < TABLE_BYTES + LEAST_BYTES) return;
  memory.fill(start, 0, TABLE_BYTES);
  markFree(start + TABLE_BYTES, start + whole);
  store<u32>(Place.CacheNext, <u32>(start + TABLE_BYTES));
  store<u32>(Place.CacheEnd, <u32>start + whole);
  store<u32>(Place.CacheStart, <u32>start);
}
