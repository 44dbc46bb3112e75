/**
 * Answers plain requests without leaving Wasm: a batch of pipelined requests costs the host one
 * call and one write.
 *
 * A request is plain when it is a GET or HEAD of HTTP/1.1 with nothing to decide: it stays open,
 * has no content, no expectation, and no target form but the origin's. All others go to the host.
 */
import { append } from "./output";
import { next } from "./request";
import { Code, Conn, Event, Flag, Method, Place } from "../shared/abi";

/** Output beyond which the host is asked to send before more is answered. */
const FLUSH_BYTES: u32 = 262144;

/**
 * Like `next`, but answers plain requests with the canned response, if there is one.
 *
 * @returns the event of the first request that is not plain; `Event.NeedMore` when all are
 *   answered; `Event.Flush` when more stand in the input, but enough output waits
 */
export function answerPlain(conn: usize): u32 {
  const canned: usize = load<u32>(Place.CannedStart);
  if (canned == 0) return next(conn);
  const whole = load<u32>(Place.CannedLength);
  let room = FLUSH_BYTES;
  let served: u32 = 0;
  let event: u32;
  for (;;) {
    event = next(conn);
    if (event != Event.Head || load<u32>(conn, Conn.Flags) != Flag.KeepAlive || load<u32>(conn, Conn.Minor) == 0) {
      break;
    }
    const method = load<u32>(conn, Conn.Method);
    let length = whole;
    if (method != Method.Get) {
      if (method != Method.Head) break;
      length = load<u32>(Place.CannedHeadLength);
    }
    if (!append(conn + Conn.OutHead, canned, length)) {
      store<u32>(conn, Code.OutOfMemory, Conn.Code);
      event = Event.Error;
      break;
    }
    ++served;
    if (room < length) {
      event = Event.Flush;
      break;
    }
    room -= length;
  }
  store<u32>(conn, load<u32>(conn, Conn.Served) + served, Conn.Served);
  return event;
}
