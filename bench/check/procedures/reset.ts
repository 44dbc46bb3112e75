/** Ends connections with an RST, at any stage. */
import net from "node:net";
import { once } from "node:events";

/**
 * Connects, sends `bytes`, waits until `untilReceived` bytes have come back, and resets the
 * connection.
 *
 * @param waitMs the longest wait for the bytes
 */
export async function resetAfter(
  address: { hostname: string; port: number },
  bytes: Uint8Array,
  untilReceived: number,
  waitMs: number,
): Promise<void> {
  const socket = net.connect({ host: address.hostname, port: address.port, noDelay: true });
  // It does not matter here if the server ends the connection first.
  socket.on("error", () => {});
  const signal = AbortSignal.timeout(waitMs);
  try {
    await once(socket, "connect", { signal });
    if (bytes.length > 0) {
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
    }
    let received = 0;
    while (received < untilReceived) {
      const [part] = await once(socket, "data", { signal });
      received += (part as Uint8Array).length;
    }
  } catch {
    // The reset follows anyway.
  } finally {
    socket.resetAndDestroy();
  }
}

/** Opens `count` connections, sends `bytes` and FIN on all of them, and resets them unread. */
export async function resetAfterFin(
  address: { hostname: string; port: number },
  bytes: Uint8Array,
  { count, waitMs }: { count: number; waitMs: number },
): Promise<void> {
  const signal = AbortSignal.timeout(waitMs);
  const sockets = Array.from({ length: count }, () => {
    const socket = net.connect({ host: address.hostname, port: address.port, noDelay: true });
    return socket.on("error", () => {});
  });
  try {
    await Promise.all(sockets.map((socket) => once(socket, "connect", { signal })));
    // One after the other would let the server finish with each.
    const finished = sockets.map((socket) => once(socket, "finish", { signal }));
    for (const socket of sockets) {
      socket.once("finish", () => socket.resetAndDestroy());
      socket.end(bytes);
    }
    await Promise.all(finished);
  } catch {
    // It does not matter here if the server ends connections first.
  } finally {
    for (const socket of sockets) socket.resetAndDestroy();
  }
}
