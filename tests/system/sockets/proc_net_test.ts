import assert from "node:assert/strict";
import { parseProcNet } from "../../../system/sockets/proc_net.ts";
import { type State, STATES } from "../../../system/sockets/state.ts";
import { bestOfThreeMs } from "./connections.ts";

const HEADING =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid" +
  "  timeout inode                                                     \n";
const LISTENER =
  "   0: 00000000:07E8 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0" +
  "        0 640 1 00000000884dd4a6 100 0 0 10 0                       \n";
const TIME_WAIT =
  "   1: 0100007F:3039 0200A8C0:9088 06 00000000:00000000 03:00001770 00000000     0" +
  "        0 0 3 000000002a2f9e86                                      \n";
const ESTABLISHED = "  12: 0100007F:9088 0100007F:3039 01 00000010:000001FF 01:00000014 00000000" +
  "  1000        0 81234 2 0000000012345678 20 4 30 10 -1                \n";
const MAPPED =
  "   0: 0000000000000000FFFF00000100007F:3039 0000000000000000FFFF00000100007F:9088 01 " +
  "00000000:00000000 00:00000000 00000000  1000        0 777 1 00000000884dd4a6 20 4 30 10 -1\n";
const DOCUMENTATION = "   1: B80D0120000000000000000001000000:0050 " +
  "00000000000000000000000001000000:0001 08 " +
  "00000000:00000000 00:00000000 00000000     0        0 778 1 00000000884dd4a6 20 4 30 10 -1\n";

const ALL = { states: new Set(STATES), ports: new Set<number>() };

Deno.test("parseProcNet() reads IPv4 sockets, without the backlog of a listener", () => {
  const text = HEADING + LISTENER + TIME_WAIT + ESTABLISHED;
  assert.deepEqual(parseProcNet(text, ALL, { family: "ipv4" }), [
    {
      family: "ipv4",
      localAddress: "0.0.0.0",
      localPort: 2024,
      remoteAddress: "0.0.0.0",
      remotePort: 0,
      state: "listening",
      recvQ: 3,
      sendQ: null,
      uid: 0,
      inode: 640,
    },
    {
      family: "ipv4",
      localAddress: "127.0.0.1",
      localPort: 12345,
      remoteAddress: "192.168.0.2",
      remotePort: 37000,
      state: "time-wait",
      recvQ: 0,
      sendQ: 0,
      uid: 0,
      inode: 0,
    },
    {
      family: "ipv4",
      localAddress: "127.0.0.1",
      localPort: 37000,
      remoteAddress: "127.0.0.1",
      remotePort: 12345,
      state: "established",
      recvQ: 511,
      sendQ: 16,
      uid: 1000,
      inode: 81234,
    },
  ]);
});

Deno.test("parseProcNet() reads IPv6 sockets, IPv4-mapped ones included", () => {
  const sockets = parseProcNet(HEADING + MAPPED + DOCUMENTATION, ALL, { family: "ipv6" });
  assert.deepEqual(
    sockets.map((socket) => [socket.localAddress, socket.remoteAddress, socket.state]),
    [
      ["::ffff:127.0.0.1", "::ffff:127.0.0.1", "established"],
      ["2001:db8::1", "::1", "close-wait"],
    ],
  );
});

Deno.test("parseProcNet() filters by state and by the port of either end", () => {
  const text = HEADING + LISTENER + TIME_WAIT + ESTABLISHED;
  const found = (states: State[], ports: number[]) =>
    parseProcNet(text, { states: new Set(states), ports: new Set(ports) }, { family: "ipv4" })
      .map((socket) => socket.state);
  assert.deepEqual(found(["time-wait"], []), ["time-wait"]);
  assert.deepEqual(found([...STATES], [37000]), ["time-wait", "established"]);
  assert.deepEqual(found([...STATES], [2024]), ["listening"]);
  assert.deepEqual(found(["closing"], []), []);
  assert.deepEqual(found([...STATES], [1]), []);
});

Deno.test("parseProcNet() reads a heading alone, and nothing", () => {
  assert.deepEqual(parseProcNet(HEADING, ALL, { family: "ipv4" }), []);
  assert.deepEqual(parseProcNet("", ALL, { family: "ipv6" }), []);
});

Deno.test("parseProcNet() names the line that is no socket", () => {
  const broken = [
    "garbage\n",
    LISTENER.slice(0, 40) + "\n",
    LISTENER.replace(" 0A ", " FF "),
    MAPPED,
  ];
  for (const line of broken) {
    assert.throws(
      () => parseProcNet(HEADING + TIME_WAIT + line, ALL, { family: "ipv4" }),
      /^SyntaxError: Line 3 is not a socket/,
      line,
    );
  }
});

Deno.test("parseProcNet() reads 100,000 sockets in under a second", () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => {
    const port = (index % 60_000 + 1024).toString(16).toUpperCase().padStart(4, "0");
    return TIME_WAIT.replace("9088", port);
  });
  const text = HEADING + lines.join("");
  const sockets = parseProcNet(text, ALL, { family: "ipv4" });
  assert.equal(sockets.length, 100_000);
  assert.equal(sockets.at(-1)!.remotePort, 99_999 % 60_000 + 1024);
  const elapsedMs = bestOfThreeMs(() => parseProcNet(text, ALL, { family: "ipv4" }));
  assert.ok(elapsedMs < 1000, `took ${elapsedMs} ms`);
});
