/** A small HTTP server that is sound, or has one fault; each fault is one that students make. */
import net from "node:net";

export type HttpFault =
  | "answers-early"
  | "reads-a-request-from-one-recv"
  | "drops-the-second-request"
  | "closes-on-half-close"
  | "announces-12-of-14-bytes"
  | "no-date"
  | "content-for-head"
  | "closes-without-saying-so"
  | "waits-for-a-slow-client"
  | "dies-on-reset"
  | "leaks-descriptors"
  | "spins"
  | "ignores-sigterm"
  | "exits-at-once-on-sigterm";

const CONTENT = "Hello, world!\n";

/** The response to a request, and whether the connection ends after it. */
function respond(head: string, fault?: HttpFault): { text: string; isLast: boolean } {
  const [line] = head.split("\r\n");
  const [method, , version] = line.split(" ");
  const isLast = version === "HTTP/1.0" || /^connection:.*close/im.test(head);
  const isAllowed = method === "GET" || method === "HEAD";
  const content = isAllowed ? CONTENT : "";
  const length = fault === "announces-12-of-14-bytes" && content !== "" ? 12 : content.length;
  const fields = [
    isAllowed ? "HTTP/1.1 200 OK" : "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD",
    `Content-Length: ${length}`,
    "Content-Type: text/plain",
    ...(fault === "no-date" ? [] : [`Date: ${new Date().toUTCString()}`]),
    ...(isLast ? ["Connection: close"] : []),
  ];
  const body = method === "HEAD" && fault !== "content-for-head" ? "" : content;
  return { text: `${fields.join("\r\n")}\r\n\r\n${body}`, isLast };
}

/** The server; it does not listen yet. */
export function httpServer(fault?: HttpFault): net.Server {
  /** The connection whose request is incomplete, and what the others do when it is complete. */
  let slow: net.Socket | undefined;
  let others: (() => void)[] = [];

  function serve(socket: net.Socket): void {
    let buffer = "";
    let isEarly = false;
    if (fault === "leaks-descriptors") Deno.openSync("/dev/null");
    socket.setEncoding("latin1");

    function received(text: string): void {
      if (fault === "reads-a-request-from-one-recv") buffer = "";
      buffer += text;
      if (fault === "answers-early" && !isEarly && buffer !== "") {
        isEarly = true;
        socket.write(respond("GET / HTTP/1.1").text);
      }
      for (let end; (end = buffer.indexOf("\r\n\r\n")) !== -1;) {
        const { text, isLast } = respond(buffer.slice(0, end), fault);
        buffer = fault === "drops-the-second-request" ? "" : buffer.slice(end + 4);
        if (isEarly) isEarly = false;
        else if (!socket.write(text)) socket.pause();
        if (isLast || fault === "closes-without-saying-so") {
          // What the client sends now is read and dropped: close(2) would reset the connection.
          socket.end();
          socket.removeAllListeners("data").resume();
          return;
        }
      }
      if (slow === socket && buffer === "") {
        slow = undefined;
        for (const go of others.splice(0)) go();
      } else if (buffer !== "") slow ??= socket;
    }

    socket.on("data", (text: unknown) => {
      const mustWait = fault === "waits-for-a-slow-client" && slow && slow !== socket;
      if (mustWait) others.push(() => received(String(text)));
      else if (fault === "closes-on-half-close") setTimeout(() => received(String(text)), 5);
      else received(String(text));
    });
    socket.on("drain", () => socket.resume());
    socket.on("end", () => {
      if (fault === "closes-on-half-close") socket.destroy();
      else socket.end();
    });
    socket.on("error", () => {
      if (fault === "dies-on-reset") Deno.exit(1);
    });
    socket.on("close", () => {
      if (slow !== socket) return;
      slow = undefined;
      others = [];
    });
  }

  return net.createServer({ allowHalfOpen: true, noDelay: true }, serve);
}

/** Ends when it is told to: the answers that wait are sent, and what comes is read until the end. */
function drain(server: net.Server, open: ReadonlySet<net.Socket>): void {
  server.close(() => Deno.exit(0));
  for (const socket of open) {
    socket.end();
    socket.removeAllListeners("data").removeAllListeners("drain").resume();
    Deno.unrefTimer(setTimeout(() => socket.destroy(), 3000));
  }
}

if (import.meta.main) {
  const fault = Deno.args[0] as HttpFault;
  const server = httpServer(fault);
  const open = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  Deno.addSignalListener("SIGTERM", () => {
    if (fault === "exits-at-once-on-sigterm") Deno.exit(0);
    if (fault !== "ignores-sigterm") drain(server, open);
  });
  server.listen(Number(Deno.env.get("PORT")), "127.0.0.1");
  if (fault === "spins") {
    (function spin() {
      setImmediate(spin);
    })();
  }
}
