/** An echo server that is sound, or has one fault; each fault is one that students make. */
import net from "node:net";

export type EchoFault =
  | "pads-to-512"
  | "strlen"
  | "drops-what-exceeds-the-buffer"
  | "drops-when-the-socket-is-full"
  | "waits-for-a-line"
  | "ends-after-one-message"
  | "greets"
  | "closes-on-half-close"
  | "stays-open-after-fin"
  | "shares-a-buffer"
  | "one-client-at-a-time"
  | "ignores-backpressure"
  | "leaks-memory";

/** What is sent back for `bytes`, as received by one call of `recv`. */
function answerTo(bytes: Uint8Array, fault?: EchoFault): Uint8Array {
  if (fault === "pads-to-512") {
    const padded = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
    padded.set(bytes);
    return padded;
  }
  const nul = bytes.indexOf(0);
  if (fault === "strlen" && nul !== -1) return bytes.subarray(0, nul);
  if (fault === "drops-what-exceeds-the-buffer") return bytes.subarray(0, 1024);
  return bytes;
}

/** The server; it does not listen yet. */
export function echoServer(fault?: EchoFault): net.Server {
  const shared = new Uint8Array(1 << 16);
  const leaked: Uint8Array[] = [];
  const waiting: net.Socket[] = [];
  let isServing = false;

  function serve(socket: net.Socket): void {
    let line: Uint8Array[] = [];
    if (fault === "greets") socket.write("welcome\n");
    socket.on("data", (bytes: Uint8Array) => {
      if (fault === "leaks-memory") leaked.push(new Uint8Array(2048).fill(1));
      if (fault === "waits-for-a-line") {
        line.push(bytes);
        if (!bytes.includes(10)) return;
        for (const part of line) socket.write(part);
        line = [];
      } else if (fault === "shares-a-buffer") {
        // The next connection receives into it before this one has sent.
        shared.set(bytes);
        setTimeout(() => socket.write(shared.slice(0, bytes.length)), 1);
      } else if (fault === "closes-on-half-close") {
        // It looks at the sockets now and then, and at the ends first.
        setTimeout(() => socket.write(bytes), 20);
      } else if (fault === "drops-when-the-socket-is-full") {
        if (socket.writableLength === 0) socket.write(bytes);
      } else if (!socket.write(answerTo(bytes, fault)) && fault !== "ignores-backpressure") {
        socket.pause();
      }
      if (fault === "ends-after-one-message") socket.end();
    });
    socket.on("drain", () => socket.resume());
    socket.on("end", () => {
      if (fault === "closes-on-half-close") socket.destroy();
      else if (fault === "shares-a-buffer") setTimeout(() => socket.end(), 5);
      else if (fault !== "stays-open-after-fin") socket.end();
    });
  }

  function next(): void {
    const socket = waiting.shift();
    isServing = socket !== undefined;
    socket?.once("close", next);
    if (socket !== undefined) serve(socket);
  }

  return net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => {});
    if (fault !== "one-client-at-a-time") return serve(socket);
    waiting.push(socket);
    if (!isServing) next();
  });
}

if (import.meta.main) {
  echoServer(Deno.args[0] as EchoFault).listen(Number(Deno.env.get("PORT")), "127.0.0.1");
}
