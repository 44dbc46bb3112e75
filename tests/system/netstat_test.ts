import assert from "node:assert/strict";
import {
  counterGrowth,
  KernelCounterReader,
  parseKernelCounters,
  readKernelCounters,
} from "../../system/netstat.ts";

const NETSTAT = `TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPSynRetrans
TcpExt: 0 7 9 11
IpExt: InNoRoutes InOctets
IpExt: 0 18446744073709551615
`;
const SNMP = `Ip: Forwarding DefaultTTL
Ip: 2 64
Tcp: RtoAlgorithm MaxConn AttemptFails RetransSegs
Tcp: 1 -1 4 5
`;

Deno.test("parseKernelCounters(): finds them by name; what a kernel does not count is 0", () => {
  assert.deepEqual(parseKernelCounters(NETSTAT, SNMP), {
    synRetransmits: 11,
    listenOverflows: 7,
    listenDrops: 9,
    retransmits: 5,
    attemptFails: 4,
  });
  assert.equal(parseKernelCounters("TcpExt: A\nTcpExt: 1\n", SNMP).synRetransmits, 0);
  assert.equal(parseKernelCounters("", "").retransmits, 0);
  // One group's name is the end of another's.
  assert.equal(
    parseKernelCounters(NETSTAT, "MPTcp: RetransSegs\nMPTcp: 9\n" + SNMP).retransmits,
    5,
  );
});

Deno.test({
  name: "KernelCounterReader: says the same as a single look, again and again",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    using reader = new KernelCounterReader();
    // Others may count in between.
    for (let i = 0; i < 3; i++) {
      const before = readKernelCounters()!;
      const counters = reader.read()!;
      const after = readKernelCounters()!;
      for (const name of Object.keys(before) as (keyof typeof before)[]) {
        assert.ok(before[name] <= counters[name] && counters[name] <= after[name], name);
      }
    }
    reader[Symbol.dispose]();
    assert.equal(reader.read(), null);
  },
});

Deno.test("counterGrowth(): is the difference, null when one end is unknown", () => {
  const before = parseKernelCounters(NETSTAT, SNMP);
  const after = { ...before, synRetransmits: 13, listenOverflows: 8 };
  assert.deepEqual(counterGrowth(before, after), {
    synRetransmits: 2,
    listenOverflows: 1,
    listenDrops: 0,
    retransmits: 0,
    attemptFails: 0,
  });
  assert.equal(counterGrowth(null, after), null);
  assert.equal(counterGrowth(before, null), null);
});

Deno.test({
  name: "readKernelCounters(): counts an accept queue that overflows, and the SYNs sent again",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // The queue of a backlog of 1 holds two connections; nobody accepts, so the others wait.
    const CLIENTS = 6;
    const OVERFLOWS = CLIENTS - 2;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
    const { port } = listener.addr;
    const before = readKernelCounters();
    const connects = Array.from(
      { length: CLIENTS },
      () => Deno.connect({ hostname: "127.0.0.1", port }),
    );
    const ends = Promise.allSettled(connects);
    const deadlineMs = performance.now() + 5000;
    let growth = counterGrowth(before, readKernelCounters());
    // The kernel counts for the whole network namespace: what others cause comes on top.
    while (!growth || growth.listenOverflows < OVERFLOWS || growth.synRetransmits < OVERFLOWS) {
      assert.ok(performance.now() < deadlineMs, `no overflow seen: ${JSON.stringify(growth)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      growth = counterGrowth(before, readKernelCounters());
    }
    assert.ok(growth.listenDrops >= growth.listenOverflows);
    // Closing the listener resets what waits in the queue, which ends the other connects too.
    listener.close();
    for (const end of await ends) if (end.status === "fulfilled") end.value.close();
  },
});
