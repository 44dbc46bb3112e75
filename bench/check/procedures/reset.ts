/** Ends connections by RST, at any stage. */
import net from "node:net";
import { once } from "node:events";

/**
 * Connects, sends `bytes`, waits until so many bytes came back, and resets the connection.
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
  // A server that ended the connection before is no fault here.
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
    // The reset follows all the same.
  } finally {
    socket.resetAndDestroy();
  }
}
