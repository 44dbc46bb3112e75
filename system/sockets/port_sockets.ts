/** The sockets of one port: its accept queue, and its TIME-WAIT sockets, which can be dropped. */
import { LibcError, SystemError } from "../linux/libc.ts";
import { hasNetAdmin } from "./capability.ts";
import { dropSockets, selectByFilter } from "./drop.ts";
import { listSockets } from "./list.ts";
import { SockDiag } from "./sock_diag.ts";
import type { TcpSocket } from "./socket.ts";
import type { State } from "./state.ts";

/** The outcome of dropping TIME-WAIT sockets. */
export interface DropOutcome {
  /** TIME-WAIT sockets of the port. */
  matched: number;
  /** How many of them are gone now. */
  dropped: number;
  /** Why they could not be dropped; null if they could. */
  refusal: string | null;
}

/** Accept queue of the listener on `port`, and its limit; null if unknown. */
export function acceptQueue(port: number): { length: number; limit: number | null } | null {
  const [listener] = socketsOf(port, "listening") ?? [];
  return listener ? { length: listener.recvQ, limit: listener.sendQ } : null;
}

/** How many sockets of `port` are in TIME-WAIT; null if unknown. */
export function countTimeWait(port: number): number | null {
  return socketsOf(port, "time-wait")?.length ?? null;
}

/**
 * Bytes that have arrived on the connections of the server at `port` but that it has not received
 * yet; null if unknown.
 */
export function unreadBytes(port: number): number | null {
  const served = socketsOf(port, "established")?.filter(({ localPort }) => localPort === port);
  return served?.reduce((sum, { recvQ }) => sum + recvQ, 0) ?? null;
}

/** Drops the TIME-WAIT sockets of `port`, if permitted. */
export function dropTimeWait(port: number): DropOutcome {
  const matched = countTimeWait(port) ?? 0;
  if (Deno.build.os !== "linux" || !hasNetAdmin()) {
    return { matched, dropped: 0, refusal: "dropping needs CAP_NET_ADMIN (run it as root)." };
  }
  try {
    using diag = new SockDiag();
    const filter = { states: new Set<State>(["time-wait"]), ports: new Set([port]) };
    const { sockets } = selectByFilter(diag, filter);
    const { dropped, refusal } = dropSockets(diag, sockets);
    return { matched: sockets.length, dropped, refusal: refusal ? `${refusal.message}.` : null };
  } catch (error) {
    if (!(error instanceof LibcError || error instanceof SystemError)) throw error;
    return { matched, dropped: 0, refusal: `${error.message}.` };
  }
}

/** Sockets of `port` in `state`; null if unknown. */
function socketsOf(port: number, state: State): TcpSocket[] | null {
  if (Deno.build.os !== "linux") return null;
  try {
    return listSockets({ states: new Set([state]), ports: new Set([port]) }).sockets;
  } catch {
    // Neither sock_diag nor /proc/net/tcp: the figure is left out.
    return null;
  }
}
