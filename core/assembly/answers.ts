/**
 * Answers plain requests without leaving Wasm: a batch of pipelined requests costs the host one
 * call and one write.
 *
 * A request is plain when it is a GET or HEAD of HTTP/1.1 with nothing to decide: the connection
 * stays open, there is no content, expectation, condition, range or authorization, and the target
 * has the origin's form. It gets the canned response, which answers every target, or the response
 * that the host keeps for its target (and its Accept-Encoding). All others go to the host.
 *
 * Kept responses stand in an area of their own, filled from its start:
 *
 *   CacheStart                          CacheNext                    CacheEnd
 *   +-------------+---------+---------+-- ... --+----------------------+
 *   | hash table  | entry   | entry   |         | free                 |
 *   | 4096 words  |         |         |         |                      |
 *   +-------------+---------+---------+-- ... --+----------------------+
 *
 *   entry: | Entry record | target | Accept-Encoding | head | content |
 *
 * When it is full, it is emptied as a whole: no list to keep, no holes, and the host brings what is
 * asked for next. A large response is sent from where it stands, which counts as a reference; the
 * area is not emptied before all of these are sent.
 */
import { appendReference, append } from "./output";
import { next } from "./request";
import { Code, Conn, Entry, Event, Field, Flag, Method, Place } from "../shared/abi";

/** Output beyond which the host is asked to send before more is answered. */
const FLUSH_BYTES: u32 = 262144;

/** Responses up to this size are copied, so that those of a batch leave in one write. */
const COPY_BYTES: u32 = 4096;

/** Words of the hash table, a power of two; and how many of them a search looks at. */
const TABLE_WORDS: u32 = 4096;
const PROBES: u32 = 8;

/** Offset of the date in a response: "HTTP/1.1 200 OK", CRLF, "Date: ". */
const DATE_OFFSET: usize = 23;
/** Bytes of an IMF-fixdate (RFC 9110 section 5.6.7). */
const DATE_BYTES: usize = 29;

/** Fields with which a request is not plain. */
const DECISIVE: u32 = (1 << Field.ContentLength) | (1 << Field.TransferEncoding) | (1 << Field.Expect) |
  (1 << Field.Range) | (1 << Field.IfRange) | (1 << Field.IfMatch) | (1 << Field.IfNoneMatch) |
  (1 << Field.IfModifiedSince) | (1 << Field.IfUnmodifiedSince) | (1 << Field.Authorization);

/** Whether the request whose head was just found on `conn` is plain. */
export function isPlain(conn: usize): bool {
  const method = load<u32>(conn, Conn.Method);
  return load<u32>(conn, Conn.Flags) == Flag.KeepAlive && load<u32>(conn, Conn.Minor) != 0 &&
    (method == Method.Get || method == Method.Head) && (load<u32>(conn, Conn.Present) & DECISIVE) == 0;
}

/**
 * Like `next`, but answers plain requests for which there is a response.
 *
 * @returns the event of the first request that is for the host; `Event.NeedMore` when all are
 *   answered; `Event.Flush` when more stand in the input, but enough output waits
 */
export function answerPlain(conn: usize): u32 {
  let event = next(conn);
  if (event != Event.Head) return event;
  let room = FLUSH_BYTES;
  let served: u32 = 0;
  while (event == Event.Head && isPlain(conn)) {
    const sent = load<u32>(Place.CannedStart) != 0 ? sendCanned(conn) : sendKept(conn);
    if (sent == 0) break;
    if (sent == FAILED) {
      store<u32>(conn, Code.OutOfMemory, Conn.Code);
      event = Event.Error;
      break;
    }
    ++served;
    if (room < sent) {
      event = Event.Flush;
      break;
    }
    room -= sent;
    event = next(conn);
  }
  store<u32>(conn, load<u32>(conn, Conn.Served) + served, Conn.Served);
  return event;
}

/** What sending answers when no block is left for the output. */
const FAILED: u32 = 0xffffffff;

/** @returns the bytes sent, or `FAILED` */
@inline
function sendCanned(conn: usize): u32 {
  const isHead = load<u32>(conn, Conn.Method) == Method.Head;
  const length = load<u32>(isHead ? Place.CannedHeadLength : Place.CannedLength);
  return send(conn, load<u32>(Place.CannedStart), length);
}

/** Copies a response into the output, or refers to it there when it is large or goes alone. */
@inline
function send(conn: usize, response: usize, length: u32): u32 {
  const chain = conn + Conn.OutHead;
  const isAlone = load<u32>(chain) == 0 && load<u32>(conn, Conn.Pos) == load<u32>(conn, Conn.End);
  const ok = length > COPY_BYTES || isAlone
    ? appendReference(chain, response, length)
    : append(chain, response, length);
  return ok ? length : FAILED;
}

/** @returns the bytes sent, 0 when nothing is kept for the request, or `FAILED` */
function sendKept(conn: usize): u32 {
  const table: usize = load<u32>(Place.CacheStart);
  if (table == 0) return 0;
  const slot = findSlot(table, conn, hashKey(conn));
  if (slot == 0) return 0;
  const entry: usize = load<u32>(slot);
  // Signed difference: the clock wraps after 49 days.
  if (entry == 0 || <i32>(load<u32>(entry, Entry.FreshUntilMs) - load<u32>(Place.NowMs)) <= 0) return 0;
  const response: usize = load<u32>(entry, Entry.Response);
  if (load<u32>(entry, Entry.Second) != load<u32>(Place.Second)) {
    memory.copy(response + DATE_OFFSET, Place.Date, DATE_BYTES);
    store<u32>(entry, load<u32>(Place.Second), Entry.Second);
  }
  const isHead = load<u32>(conn, Conn.Method) == Method.Head;
  const length = isHead ? load<u32>(entry, Entry.HeadLength) : load<u32>(entry, Entry.Length);
  return send(conn, response, length);
}

@inline
function targetOf(conn: usize): usize {
  return load<u32>(conn, Conn.Head) + load<u32>(conn, Conn.TargetOffset);
}

/** Length of the Accept-Encoding that came, 0 for none or an empty one: they mean the same here. */
@inline
function codingLength(conn: usize): u32 {
  const isThere = load<u32>(conn, Conn.Present) & (1 << Field.AcceptEncoding);
  return isThere ? load<u32>(conn, Conn.Known + Field.AcceptEncoding * 8 + 4) : 0;
}

@inline
function codingOf(conn: usize): usize {
  return load<u32>(conn, Conn.Head) + load<u32>(conn, Conn.Known + Field.AcceptEncoding * 8);
}

/** A hash of what a kept response is found by: the target and the Accept-Encoding. */
function hashKey(conn: usize): u32 {
  const seed = hashBytes(targetOf(conn), load<u32>(conn, Conn.TargetLength), 0x9e3779b97f4a7c15);
  const length = codingLength(conn);
  const all = length == 0 ? seed : hashBytes(codingOf(conn), length, seed);
  return <u32>(all ^ (all >> 32));
}

/** Multiply-and-fold over eight bytes a step. Only the host chooses what is kept, so no secret. */
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
 * The slot of the table that holds the entry for the request on `conn`; a free one, or one whose
 * entry may give way, when there is no such entry.
 */
function findSlot(table: usize, conn: usize, hash: u32): usize {
  for (let i: u32 = 0; i < PROBES; ++i) {
    const slot = table + (((hash + i) & (TABLE_WORDS - 1)) << 2);
    const entry: usize = load<u32>(slot);
    if (entry == 0 || (load<u32>(entry, Entry.Hash) == hash && hasKey(entry, conn))) return slot;
  }
  return 0;
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
 * Makes room for a response of `length` bytes, the first `headLength` of them the head, to be
 * kept for plain requests like the one on `conn`. The caller writes it, in one go.
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
  if (size > freeBytes() && (!empty() || size > freeBytes())) return 0;
  const entry: usize = load<u32>(Place.CacheNext);
  const hash = hashKey(conn);
  let slot = findSlot(table, conn, hash);
  // A crowded part of the table: whoever stands at the key's own place gives way.
  if (slot == 0) slot = table + ((hash & (TABLE_WORDS - 1)) << 2);
  store<u32>(Place.CacheNext, <u32>(entry + size));
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

/** Bytes of the area that nothing stands in. */
@inline
function freeBytes(): u32 {
  return load<u32>(Place.CacheEnd) - load<u32>(Place.CacheNext);
}

/** Forgets all that is kept. @returns false while some of it is being sent */
function empty(): bool {
  if (load<u32>(Place.References) != 0) return false;
  const table: usize = load<u32>(Place.CacheStart);
  memory.fill(table, 0, TABLE_WORDS << 2);
  store<u32>(Place.CacheNext, <u32>(table + (TABLE_WORDS << 2)));
  store<u32>(Place.Generation, load<u32>(Place.Generation) + 1);
  return true;
}

/** Gives `bytes` of memory from `start` on to kept responses. */
export function openCache(start: usize, bytes: u32): void {
  store<u32>(Place.CacheStart, <u32>start);
  store<u32>(Place.CacheEnd, <u32>start + bytes);
  empty();
}
