/** What experiments need of the rest of ktcp: servers, and a look at the kernel's sockets. */
import type { DropOutcome, LabHost } from "../bench/lab/lab.ts";
import { LibcError, SystemError } from "../servers/linux/libc.ts";
import { hasNetAdmin } from "../servers/sockets/capability.ts";
import { dropSockets, selectByFilter } from "../servers/sockets/drop.ts";
import { listSockets } from "../servers/sockets/list.ts";
import { SockDiag } from "../servers/sockets/sock_diag.ts";
import type { TcpSocket } from "../servers/sockets/socket.ts";
import type { State } from "../servers/sockets/state.ts";
import { startNginx, startOwn } from "./lab_servers.ts";
import { countSyscalls } from "./lab_strace.ts";

/** The host of the experiments. */
export const labHost: LabHost = {
  start: startOwn,
  startNginx,
  countSyscalls,
  acceptQueue(port) {
    const [listener] = socketsOf(port, "listening") ?? [];
    return listener ? { length: listener.recvQ, limit: listener.sendQ } : null;
  },
  countTimeWait: (port) => socketsOf(port, "time-wait")?.length ?? null,
  dropTimeWait(port): DropOutcome {
    const matched = socketsOf(port, "time-wait")?.length ?? 0;
    if (!hasNetAdmin()) {
      return { matched, dropped: 0, refusal: "dropping needs CAP_NET_ADMIN (run it as root)." };
    }
    try {
      using diag = new SockDiag();
      const filter = { states: new Set<State>(["time-wait"]), ports: new Set([port]) };
      const { sockets } = selectByFilter(diag, filter);
      const { dropped, refusal } = dropSockets(diag, sockets);
      return { matched: sockets.length, dropped, refusal: refusal ? `${refusal.message}.` : null };
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      return { matched, dropped: 0, refusal: `${error.message}.` };
    }
  },
};

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

function isUnavailable(error: unknown): error is Error {
  return error instanceof LibcError || error instanceof SystemError;
}
