/** Real connections on loopback for the tests of `servers/sockets`, and what this kernel allows. */
import { messageOf } from "../../../system/message_of.ts";
import { hasNetAdmin } from "../../../system/sockets/capability.ts";
import { listSockets } from "../../../system/sockets/list.ts";
import { SockDiag } from "../../../system/sockets/sock_diag.ts";
import { type State, STATES } from "../../../system/sockets/state.ts";
import type { DiagSocket } from "../../../system/sockets/socket.ts";

/** Ports that are tried: load tests may leave thousands of sockets in TIME-WAIT. */
const ATTEMPTS = 100;

/** The loopback addresses of this machine, which may have no IPv6. */
export const LOOPBACK_HOSTS = ["127.0.0.1", "::1"].filter((hostname) => {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
});

/** Listens on a port that no socket of an earlier connection, by whomever, lingers on. */
function listenAfresh(hostname: string): Deno.TcpListener {
  for (let left = ATTEMPTS;; left--) {
    const listener = Deno.listen({ hostname, port: 0 });
    const ports = new Set([listener.addr.port]);
    const { sockets } = listSockets({ states: new Set(STATES), ports });
    if (sockets.length === 1) return listener;
    listener.close();
    if (left === 1) throw new Error(`No port without lingering sockets in ${ATTEMPTS} attempts`);
  }
}

/** A listener and what was connected to it; everything is closed with it. */
export class Loopback implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.Conn>();

  /** @param hostname an address of the loopback device */
  constructor(readonly hostname: string = "127.0.0.1") {
    this.#listener = listenAfresh(hostname);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Opens a connection. */
  async connect(): Promise<{ client: Deno.TcpConn; server: Deno.TcpConn }> {
    const [client, server] = await Promise.all([
      Deno.connect({ hostname: this.hostname, port: this.port }),
      this.#listener.accept(),
    ]);
    this.#open.add(client).add(server);
    return { client, server };
  }

  /** Opens a connection and closes it, the client first: its end goes to TIME-WAIT. */
  async exchange(): Promise<void> {
    const { client, server } = await this.connect();
    await client.closeWrite();
    await server.read(new Uint8Array(1));
    server.close();
    await client.read(new Uint8Array(1));
    client.close();
    this.#open.delete(client);
    this.#open.delete(server);
  }

  [Symbol.dispose](): void {
    for (const conn of this.#open) conn.close();
    this.#listener.close();
  }
}

/** The sockets with `port` at either end, in `states`. */
export function dumpPort(port: number, states: readonly State[] = STATES): DiagSocket[] {
  using diag = new SockDiag();
  return diag.dump({ states: new Set(states), ports: new Set([port]) });
}

/** Why there is no sock_diag here; undefined if there is. */
export function whyNoSockDiag(): string | undefined {
  if (Deno.build.os !== "linux") return "not Linux";
  try {
    using diag = new SockDiag();
    diag.dump({ states: new Set(["listening"]), ports: new Set() });
  } catch (error) {
    return messageOf(error);
  }
}

/** Why sockets cannot be dropped here, found out by dropping one; undefined if they can. */
export async function whyNoDrop(): Promise<string | undefined> {
  const reason = whyNoSockDiag();
  if (reason !== undefined) return reason;
  if (!hasNetAdmin()) return "no CAP_NET_ADMIN";
  using loopback = new Loopback();
  await loopback.connect();
  using diag = new SockDiag();
  try {
    diag.destroy(dumpPort(loopback.port, ["established"])[0]);
  } catch (error) {
    return messageOf(error);
  }
}

/** Registers a test, or a skipped one that says `reason` in its name. */
export function testUnless(
  reason: string | undefined,
  name: string,
  fn: () => void | Promise<void>,
): void {
  const ignore = reason !== undefined;
  Deno.test({ name: ignore ? `${name} (skipped: ${reason})` : name, ignore, fn });
}

/** The shortest of three runs of `fn`, in milliseconds: what else the machine does counts less. */
export function bestOfThreeMs(fn: () => void): number {
  return Math.min(...[1, 2, 3].map(() => {
    const startMs = performance.now();
    fn();
    return performance.now() - startMs;
  }));
}
