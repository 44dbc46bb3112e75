/** Echo servers for tests of the benchmark: a good one, and what else a test makes of them. */

/** What a server does with one connection; it is closed afterwards. */
export type Handler = (conn: Deno.TcpConn, index: number) => Promise<void>;

/** A running server. */
export interface TestServer extends AsyncDisposable {
  port: number;
}

/** Runs `handle` for every connection; `index` counts them from 0. */
export function startServer(handle: Handler, backlog = 1024): TestServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: backlog });
  const open = new Set<Deno.TcpConn>();
  const running: Promise<void>[] = [];
  const close = (conn: Deno.TcpConn) => {
    if (open.delete(conn)) conn.close();
  };
  const accepting = (async () => {
    for await (const conn of listener) {
      open.add(conn);
      // The client may go away at any time: that is no failure of the test's server.
      running.push(handle(conn, running.length).catch(() => {}).finally(() => close(conn)));
    }
  })();
  return {
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      open.forEach(close);
      await accepting;
      await Promise.all(running);
    },
  };
}

/**
 * A port at which nobody listens, and which nobody is given while it is held: the local end of a
 * connection.
 */
export async function startNone(): Promise<TestServer> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  return {
    port: (conn.localAddr as Deno.NetAddr).port,
    [Symbol.asyncDispose]() {
      conn.close();
      listener.close();
      return Promise.resolve();
    },
  };
}

/** Sends all of `bytes`. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Receives `count` bytes; fewer when the client closes before. */
export async function readFully(conn: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await conn.read(bytes.subarray(at));
    if (read === null) return bytes.subarray(0, at);
    at += read;
  }
  return bytes;
}

/** Reads until the client closes, and answers nothing. */
export async function readAll(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null);
}

/** A faultless echo server. */
export const echo: Handler = async (conn) => {
  const buffer = new Uint8Array(4096);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    await writeAll(conn, buffer.subarray(0, count));
  }
};

/** A handler that answers each message of `sizeBytes` with `answer(message, number)`. */
export function answering(
  sizeBytes: number,
  answer: (message: Uint8Array, number: number) => Uint8Array,
): Handler {
  return async (conn) => {
    for (let number = 0;; number++) {
      const message = await readFully(conn, sizeBytes);
      if (message.length < sizeBytes) return;
      await writeAll(conn, answer(message, number));
    }
  };
}

/** Resolves once `count` callers wait for it. */
export function gate(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  return () => {
    if (++waiting === count) resolve();
    return promise;
  };
}
