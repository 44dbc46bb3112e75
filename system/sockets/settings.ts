/** The kernel settings that decide about TIME-WAIT. */

/** Settings below `/proc/sys/net/ipv4`; undefined where this kernel has none. */
export interface TimeWaitSettings {
  /** `tcp_tw_reuse`: 0 never, 1 always, 2 on loopback. */
  twReuse?: number;
  /** `tcp_tw_reuse_delay`, in milliseconds; since Linux 6.14, one second before. */
  twReuseDelayMs?: number;
  /** `tcp_max_tw_buckets`: sockets that may be in TIME-WAIT. */
  maxTwBuckets?: number;
  /** `tcp_timestamps`: 0 off, else on. */
  timestamps?: number;
  /** `tcp_fin_timeout`, in seconds. */
  finTimeoutS?: number;
  /** `ip_local_port_range`: first and last port for clients. */
  portRange?: [number, number];
}

/** Reads the settings of this machine. */
export function readTimeWaitSettings(): TimeWaitSettings {
  const [low, high] = readNumbers("ip_local_port_range");
  return {
    twReuse: readNumbers("tcp_tw_reuse")[0],
    twReuseDelayMs: readNumbers("tcp_tw_reuse_delay")[0],
    maxTwBuckets: readNumbers("tcp_max_tw_buckets")[0],
    timestamps: readNumbers("tcp_timestamps")[0],
    finTimeoutS: readNumbers("tcp_fin_timeout")[0],
    portRange: high === undefined ? undefined : [low, high],
  };
}

/** The numbers in a setting; none if there is no such setting, or it may not be read. */
function readNumbers(name: string): number[] {
  try {
    const text = Deno.readTextFileSync(`/proc/sys/net/ipv4/${name}`);
    return text.trim().split(/\s+/).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
