import assert from "node:assert/strict";
import { formatCounts, formatList, formatListeners } from "../../../cli/sockets/format.ts";
import type { PortCounts } from "../../../system/sockets/count.ts";
import type { TcpSocket } from "../../../system/sockets/socket.ts";

const LISTENER: TcpSocket = {
  family: "ipv6",
  localAddress: "::",
  localPort: 80,
  remoteAddress: "::",
  remotePort: 0,
  state: "listening",
  recvQ: 5,
  sendQ: 128,
  uid: 0,
  inode: 7,
};

const TIME_WAIT: TcpSocket = {
  ...LISTENER,
  family: "ipv4",
  localAddress: "127.0.0.1",
  localPort: 36986,
  remoteAddress: "127.0.0.1",
  remotePort: 12345,
  state: "time-wait",
  recvQ: 0,
  sendQ: 0,
};

Deno.test("formatCounts() shows a table per state and one per port", () => {
  const text = formatCounts({ "time-wait": 5000, established: 10, closing: 0 }, [
    { port: 12345, end: "remote", counts: { "time-wait": 5000 }, total: 5000 },
    { port: 80, end: "local", counts: { established: 10 }, total: 10 },
  ]);
  assert.equal(
    text,
    `state        sockets
established       10
time-wait       5000
total           5010

local port     established  time-wait  total
any, to 12345            0       5000   5000
80                      10          0     10`,
  );
});

Deno.test("formatCounts() sums up what is beyond twenty ports", () => {
  const ports = Array.from({ length: 25 }, (_, index): PortCounts => {
    return { port: 1000 + index, end: "local", counts: { listening: 2 }, total: 2 };
  });
  const lines = formatCounts({ listening: 50 }, ports).split("\n");
  assert.equal(lines.length, 3 + 1 + 1 + 20 + 1);
  assert.equal(lines.at(-1), "more ports: 5, their sockets: 10 (--list shows them)");
});

Deno.test("formatCounts() says so when there is nothing", () => {
  assert.equal(formatCounts({ "time-wait": 0 }, []), "no TCP sockets");
});

Deno.test("formatList() has a line per socket", () => {
  assert.equal(
    formatList([TIME_WAIT, { ...LISTENER, sendQ: null }]),
    `state      recv-q  send-q  local            remote
time-wait       0       0  127.0.0.1:36986  127.0.0.1:12345
listening       5       ?  [::]:80          [::]:*`,
  );
});

Deno.test("formatListeners() shows queue against backlog and marks a queue that is full", () => {
  assert.equal(
    formatListeners([LISTENER, { ...LISTENER, localPort: 8080, recvQ: 129 }]),
    `state      queue  backlog  local      remote
listening      5      128  [::]:80    [::]:*
listening    129      128  [::]:8080  [::]:*  full: connections wait`,
  );
  assert.equal(formatListeners([]), "no listening TCP sockets");
});
