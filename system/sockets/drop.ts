/**
 * Drops connections through SOCK_DESTROY. Listening sockets are left alone: they are not
 * connections, and their servers would not notice.
 */
import { SystemError } from "../linux/libc.ts";
import { type Pair, pairKey } from "./address.ts";
import type { SocketFilter } from "./filter.ts";
import type { SockDiag } from "./sock_diag.ts";
import type { DiagSocket } from "./socket.ts";
import { type State, STATES } from "./state.ts";

/** The states of sockets that can be dropped. */
export const DROPPABLE: ReadonlySet<State> = new Set(
  STATES.filter((state) => state !== "listening"),
);

/** The sockets to drop. */
export interface DropSelection {
  /** The sockets. */
  sockets: DiagSocket[];
  /** Requested pairs that no socket has. */
  missing: Pair[];
  /** Those of `missing` of which this machine has the other end: local and remote are swapped. */
  swapped: Pair[];
}

/** The result of dropping. */
export interface DropCounts {
  dropped: number;
  /** Sockets that were already gone, such as the other end of a dropped loopback connection. */
  gone: number;
  refused: number;
  /** Why the kernel refused. */
  refusal?: SystemError;
}

/** Selects the connections that pass `filter`. */
export function selectByFilter(
  diag: Pick<SockDiag, "dump">,
  { states, ports }: SocketFilter,
): DropSelection {
  const droppable = new Set([...states].filter((state) => DROPPABLE.has(state)));
  return { sockets: diag.dump({ states: droppable, ports }), missing: [], swapped: [] };
}

/** Selects the connections with these addresses; duplicate pairs count once. */
export function selectByPairs(
  diag: Pick<SockDiag, "dump">,
  pairs: readonly Pair[],
): DropSelection {
  const ports = new Set(pairs.map((pair) => pair.local.port));
  const byKey = new Map<string, DiagSocket>();
  for (const socket of diag.dump({ states: DROPPABLE, ports })) {
    byKey.set(pairKey(pairOf(socket)), socket);
  }
  const wanted = new Map(pairs.map((pair) => [pairKey(pair), pair]));
  const missing = [...wanted].filter(([key]) => !byKey.has(key)).map(([, pair]) => pair);
  return {
    sockets: [...wanted.keys()].flatMap((key) => byKey.get(key) ?? []),
    missing,
    swapped: missing.filter(({ local, remote }) =>
      byKey.has(pairKey({ local: remote, remote: local }))
    ),
  };
}

/**
 * Drops `sockets`, one after the other. After a refusal for lack of privilege or kernel support,
 * which applies to all, the rest are counted as refused without trying.
 */
export function dropSockets(
  diag: Pick<SockDiag, "destroy">,
  sockets: readonly DiagSocket[],
): DropCounts {
  const counts: DropCounts = { dropped: 0, gone: 0, refused: 0 };
  for (const [index, socket] of sockets.entries()) {
    try {
      if (diag.destroy(socket)) counts.dropped++;
      else counts.gone++;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      counts.refusal = error;
      counts.refused++;
      if (error.code === "EPERM" || error.code === "ENOTSUP") {
        counts.refused = sockets.length - index;
        break;
      }
    }
  }
  return counts;
}

function pairOf(socket: DiagSocket): Pair {
  return {
    local: { address: socket.localAddress, port: socket.localPort },
    remote: { address: socket.remoteAddress, port: socket.remotePort },
  };
}
