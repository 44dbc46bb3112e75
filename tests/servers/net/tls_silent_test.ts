/** Over TLS: whatever state a connection is in when its time is over, its socket is closed. */
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import {
  type Model,
  MODELS,
  type RunningServer,
  serve,
  sumCounters,
} from "../../../servers/mod.ts";
import { withTree } from "../files/tree.ts";
import { until } from "../../support/until.ts";

const data = (name: string) => new URL(`../../data/tls/${name}`, import.meta.url);
const cert = Deno.readTextFileSync(data("localhost_cert.pem"));
const key = Deno.readTextFileSync(data("localhost_key.pem"));

/** More than the kernel buffers for a peer that does not read. */
const LARGE_BYTES = 64 << 20;

/** Sockets of the port that some process holds, listeners left out. */
function heldSockets(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = Deno.readTextFileSync("/proc/net/tcp").trim().split("\n").slice(1);
  return rows.map((row) => row.trim().split(/\s+/))
    .filter(([, address, , state, , , , , , inode]) =>
      address.endsWith(local) && state !== "0A" && inode !== "0"
    ).length;
}

/** Clients that leave their connections hanging, by what they do before. */
const CLIENTS: Record<string, (port: number) => Promise<Deno.Conn>> = {
  "says nothing": (port) => Deno.connect({ port }),

  "sends six bytes of a ClientHello": async (port) => {
    const conn = await Deno.connect({ port });
    await conn.write(Uint8Array.of(22, 3, 1, 2, 0, 1));
    return conn;
  },

  "sends no request": async (port) => {
    const conn = await connectTls(port);
    await conn.handshake();
    return conn;
  },

  "sends half a head": (port) => ask(port, "GET / HT"),

  "does not read its answer": (port) => ask(port, "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"),

  "ends its side and does not read": async (port) => {
    const conn = await ask(port, "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    await conn.closeWrite();
    return conn;
  },
};

function connectTls(port: number): Promise<Deno.TlsConn> {
  return Deno.connectTls({ hostname: "localhost", port, caCerts: [cert] });
}

async function ask(port: number, text: string): Promise<Deno.Conn> {
  const conn = await connectTls(port);
  await conn.write(new TextEncoder().encode(text));
  return conn;
}

function start(model: Model, root: string, timeoutMs: number): Promise<RunningServer> {
  return serve({
    model,
    workers: 2,
    maxActive: 8,
    listen: { tls: { cert, key } },
    timeouts: {
      idleMs: timeoutMs,
      headMs: timeoutMs,
      contentMs: timeoutMs,
      writeMs: timeoutMs,
      lingerMs: timeoutMs,
    },
    service: { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS },
  });
}

async function openConnections(server: RunningServer): Promise<number> {
  return sumCounters((await server.observe()).threads.flatMap(({ counters }) => counters ?? []))
    .open;
}

const ignore = Deno.build.os !== "linux";

for (const model of MODELS) {
  Deno.test({
    name: `${model}: TLS connections that hang are closed when their time is over`,
    ignore,
    fn: () =>
      withTree({ "large.bin": "" }, async (root) => {
        await Deno.truncate(`${root}/large.bin`, LARGE_BYTES);
        const server = await start(model, root, 300);
        try {
          const clients = await Promise.all(
            Object.values(CLIENTS).map((open) => open(server.port)),
          );
          await until(async () => await openConnections(server) === 0, "it is counted");
          await until(() => heldSockets(server.port) === 0, "it is closed");
          for (const client of clients) client.close();
        } finally {
          await server.stop(0);
        }
      }),
  });

  Deno.test({
    name: `${model}: a server that stops closes TLS connections that hang`,
    ignore,
    fn: () =>
      withTree({ "large.bin": "" }, async (root) => {
        await Deno.truncate(`${root}/large.bin`, LARGE_BYTES);
        const server = await start(model, root, 60_000);
        const clients = await Promise.all(Object.values(CLIENTS).map((open) => open(server.port)));
        await until(async () => await openConnections(server) === clients.length, "it is counted");
        await server.stop(100);
        await until(() => heldSockets(server.port) === 0, "it is closed");
        for (const client of clients) client.close();
      }),
  });
}
