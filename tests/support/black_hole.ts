/** An address of this machine that swallows SYNs: a listener whose accept queue is full. */

/** A listener that accepts nobody, and the connections that fill its queue. */
export interface BlackHole extends AsyncDisposable {
  port: number;
}

/**
 * Listens on `hostname` and fills the queue: a further SYN gets no answer.
 *
 * @param port a free one if it is 0
 */
export async function startBlackHole(hostname: string, port = 0): Promise<BlackHole> {
  const listener = Deno.listen({ hostname, port, tcpBacklog: 1 });
  const own = { hostname, port: listener.addr.port };
  const conns: Deno.Conn[] = [];
  for (;;) {
    try {
      conns.push(await Deno.connect({ ...own, signal: AbortSignal.timeout(100) }));
    } catch {
      break;
    }
  }
  return {
    port: own.port,
    [Symbol.asyncDispose]() {
      for (const conn of conns) conn.close();
      listener.close();
      return Promise.resolve();
    },
  };
}
