/**
 * The state of a connection's parser and its transitions, for requests and for responses.
 */
import { fail } from "./line";
import { Code, Conn, Event, State } from "../shared/abi";

/** No event yet: an element was read, and the next one may follow it in the input. */
export const GO_ON: u32 = 0xff;

/** Continues at `p` in `state`. @returns `GO_ON` */
@inline
export function advance(conn: usize, p: usize, state: u32): u32 {
  store<u32>(conn, <u32>p, Conn.Pos);
  store<u32>(conn, <u32>p, Conn.Scanned);
  store<u32>(conn, state, Conn.State);
  return GO_ON;
}

/** Ends the parsing of this connection because of `code`. @returns `Event.Error` */
export function failWith(conn: usize, code: u32): u32 {
  fail(conn, code);
  store<u32>(conn, State.Failed, Conn.State);
  return Event.Error;
}

/** The event for a line that could not be parsed, after `completeLine` returned 0. */
export function pendingOrFailed(conn: usize): u32 {
  const code = load<u32>(conn, Conn.Code);
  return code == Code.None ? <u32>Event.NeedMore : failWith(conn, code);
}
