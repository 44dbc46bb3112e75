/** How far a server on this machine is, as the kernel tells: instead of sleeping for luck. Linux. */
import { until } from "./until.ts";

/** Waits until the server has read all that was written to `conn`: IPv4 over loopback. */
export async function untilRead({ localAddr, remoteAddr }: Deno.TcpConn): Promise<void> {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  // The server's end: its port, the client's, the state, and the queues for sending:receiving.
  const row = new RegExp(
    `:${hex(remoteAddr.port)} \\w+:${hex(localAddr.port)} \\w\\w \\w+:(\\w+)`,
  );
  await until(() => row.exec(Deno.readTextFileSync("/proc/net/tcp"))?.[1] === "00000000");
}

/** Waits until nobody listens on `port` of 127.0.0.1 any more: a server that drains does not. */
export async function untilClosed(port: number): Promise<void> {
  await until(async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return false;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return true;
      // A connection in the accept queue is reset when its listener closes.
      const { ConnectionReset, NotConnected } = Deno.errors;
      if (error instanceof ConnectionReset || error instanceof NotConnected) return false;
      throw error;
    }
  });
}
