/**
 * Consumes and counts all the responses that one read brought, so that the host makes one call per
 * read.
 */
import { hasMore, nextResponse, startOver } from "./response";
import { advance, failWith } from "./state";
import { Conn, Event, Flag, State } from "../shared/abi";
import { Client, ResponseCode, ResponseWord, Taken } from "../shared/abi_client";

/**
 * Takes `received` more bytes at `Conn.End`, consumes up to `most` responses, and counts each under
 * its status (`Client.Statuses`). No bytes may follow the last one, because all requests have been
 * answered then.
 *
 * @returns how many were completed, with bits of `Taken`
 */
export function takeResponses(conn: usize, received: u32, most: u32): u32 {
  store<u32>(conn, load<u32>(conn, Conn.End) + received, Conn.End);
  let done = takeKnown(conn, most);
  let event: u32;
  while (done < most) {
    const from: usize = load<u32>(conn, Conn.Pos);
    const isWhole = load<u32>(conn, Conn.State) == State.Start;
    do event = nextResponse(conn);
    while (event == Event.Head || event == Event.Body);
    if (event == Event.Error) return done | Taken.Failed;
    if (event == Event.NeedMore) {
      return load<u32>(conn, Conn.State) == State.Start ? done : done | Taken.Partial;
    }
    const to: usize = load<u32>(conn, Conn.Pos);
    // After a response that closes the connection, no further request is answered on it.
    const isClosing = !(load<u32>(conn, Conn.Flags) & Flag.KeepAlive);
    if ((done + 1 == most || isClosing) && hasMore(conn) && done + 1 == most) {
      failWith(conn, ResponseCode.ExtraBytes);
      return done | Taken.Failed;
    }
    countStatus(conn, 1);
    ++done;
    if (isClosing) return done | Taken.Closing;
    if (isWhole) remember(conn, from, to);
  }
  startOver(conn);
  return done;
}

/**
 * Consumes up to `most` responses that are, byte for byte, the one that was parsed last: most
 * servers send the same bytes to all requests of one second.
 *
 * @returns how many
 */
function takeKnown(conn: usize, most: u32): u32 {
  const length = load<u32>(Client.KnownLength);
  if (length == 0 || load<u32>(conn, Conn.State) != State.Start) return 0;
  const end: usize = load<u32>(conn, Conn.End);
  let p: usize = load<u32>(conn, Conn.Pos);
  let done: u32 = 0;
  while (end - p >= length && done < most && isEqual(p, Client.Known, length)) {
    p += length;
    ++done;
  }
  // No bytes may follow the last response; the full parser checks that.
  if (done == most && p != end) {
    p -= length;
    --done;
  }
  if (done == 0) return 0;
  advance(conn, p, State.Start);
  store<u32>(conn, load<u32>(Client.KnownStatus), ResponseWord.Status);
  countStatus(conn, done);
  return done;
}

/** Keeps the response `from` ... `to` for `takeKnown`. */
function remember(conn: usize, from: usize, to: usize): void {
  const length = <u32>(to - from);
  if (length < 16 || length > <u32>Client.MostKnown) return;
  memory.copy(Client.Known, from, length);
  store<u32>(Client.KnownLength, length);
  store<u32>(Client.KnownStatus, load<u32>(conn, ResponseWord.Status));
}

/** Whether the `length` bytes (at least 16) at `p` and `q` are the same. */
@inline
function isEqual(p: usize, q: usize, length: usize): bool {
  const last = length - 16;
  for (let i: usize = 0; i < last; i += 16) {
    if (v128.any_true(v128.xor(v128.load(p + i), v128.load(q + i)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(p + last), v128.load(q + last)));
}

/** Counts `count` responses with the status of the one whose head was read last. */
export function countStatus(conn: usize, count: u32): void {
  const at = <usize>Client.Statuses + 8 * load<u32>(conn, ResponseWord.Status);
  store<u64>(at, load<u64>(at) + count);
}
