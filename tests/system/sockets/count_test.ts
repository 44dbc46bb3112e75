import assert from "node:assert/strict";
import { countPorts, countStates } from "../../../system/sockets/count.ts";
import type { TcpSocket } from "../../../system/sockets/socket.ts";
import type { State } from "../../../system/sockets/state.ts";

function socket(localPort: number, remotePort: number, state: State): TcpSocket {
  return {
    family: "ipv4",
    localAddress: "127.0.0.1",
    localPort,
    remoteAddress: "127.0.0.1",
    remotePort,
    state,
    recvQ: 0,
    sendQ: 0,
    uid: 0,
    inode: 0,
  };
}

function rows(sockets: TcpSocket[]): string[] {
  return countPorts(sockets).map(({ port, end, counts, total }) => {
    return `${end} ${port} ${JSON.stringify(counts)} ${total}`;
  });
}

Deno.test("countStates() counts, with 0 for a state that was asked for", () => {
  const sockets = [socket(1, 2, "time-wait"), socket(1, 3, "time-wait"), socket(1, 4, "closing")];
  assert.deepEqual(countStates(sockets, ["time-wait", "established", "closing"]), {
    "time-wait": 2,
    established: 0,
    closing: 1,
  });
});

Deno.test("countPorts() puts the clients of a port into one row", () => {
  const clients = Array.from({ length: 50 }, (_, i) => socket(40000 + i, 12345, "time-wait"));
  assert.deepEqual(rows([...clients, socket(12345, 0, "listening")]), [
    'remote 12345 {"time-wait":50} 50',
    'local 12345 {"listening":1} 1',
  ]);
});

Deno.test("countPorts() counts a server's sockets for its own port, listened on or not", () => {
  const server = Array.from({ length: 3 }, (_, i) => socket(50123, 40000 + i, "time-wait"));
  assert.deepEqual(rows(server), ['local 50123 {"time-wait":3} 3']);
  assert.deepEqual(rows([socket(50123, 0, "listening"), socket(50123, 40000, "established")]), [
    'local 50123 {"listening":1,"established":1} 2',
  ]);
});

Deno.test("countPorts() separates both ends of loopback connections", () => {
  const sockets = [1, 2].flatMap((i) => [
    socket(40000 + i, 80, "established"),
    socket(80, 40000 + i, "established"),
  ]);
  assert.deepEqual(rows(sockets), [
    'local 80 {"established":2} 2',
    'remote 80 {"established":2} 2',
  ]);
});

Deno.test("countPorts() takes the smaller port of a single connection for the service's", () => {
  assert.deepEqual(rows([socket(40000, 443, "established")]), [
    'remote 443 {"established":1} 1',
  ]);
  assert.deepEqual(rows([socket(22, 40000, "established")]), ['local 22 {"established":1} 1']);
});
