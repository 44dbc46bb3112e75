/** What experiments see of the kernel's sockets, and the TIME-WAIT sockets that they drop. */
import type { DropOutcome } from "../../bench/lab/lab.ts";
import { LibcError, SystemError } from "../../system/linux/libc.ts";
import { hasNetAdmin } from "../../system/sockets/capability.ts";
import { dropSockets, selectByFilter } from "../../system/sockets/drop.ts";
import { listSockets } from "../../system/sockets/list.ts";
import { SockDiag } from "../../system/sockets/sock_diag.ts";
import type { TcpSocket } from "../../system/sockets/socket.ts";
import type { State } from "../../system/sockets/state.ts";

/** Accept queue of the listener on `port`, and its limit; null when that cannot be told. */
export function acceptQueue(port: number): { length: number; limit: number | null } | null {
  const [listener] = socketsOf(port, "listening") ?? [];
  return listener ? { length: listener.recvQ, limit: listener.sendQ } : null;
}

/** How many sockets of `port` are in TIME-WAIT; null when that cannot be told. */
export function countTimeWait(port: number): number | null {
  return socketsOf(port, "time-wait")?.length ?? null;
}

/** Drops the TIME-WAIT sockets of `port`, where that is permitted. */
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

/** Sockets of `port` in `state`; null on a system that does not tell. */
function socketsOf(port: number, state: State): TcpSocket[] | null {
  if (Deno.build.os !== "linux") return null;
  try {
    return listSockets({ states: new Set([state]), ports: new Set([port]) }).sockets;
  } catch {
    // Neither sock_diag nor /proc/net/tcp: the figure is left out.
    return null;
  }
}
