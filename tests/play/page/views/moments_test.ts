import assert from "node:assert/strict";
import { momentOf, moments } from "../../../../play/page/views/moments.ts";
import type { ServerView } from "../../../../play/protocol.ts";
import type { ThreadSample } from "../../../../servers/models/server_sample.ts";
import { SyntheticFrames } from "../../synthetic_frames.ts";
import { frameAt, load, loadSample, SERVER } from "./frames.ts";

const thread = (name: string, parts: Partial<ThreadSample> = {}): ThreadSample => ({
  name,
  state: "busy",
  isAlive: true,
  ...parts,
});

const calls = (waits: number, events: number, calls: number) => ({ waits, events, calls });

Deno.test("momentOf(): knows nothing where nothing is told", () => {
  const moment = momentOf([frameAt(0, { sample: null }), frameAt(1000, { sample: null })], SERVER);
  const { atMs, state, ...rest } = moment;
  assert.deepEqual([atMs, state], [1000, "running"]);
  assert.deepEqual(Object.entries(rest).filter(([, value]) => value !== null), []);
});

Deno.test("momentOf(): a server that is not there has no state", () => {
  assert.equal(momentOf([frameAt(0)], "another").state, null);
});

Deno.test("momentOf(): divides what the server counted by the time between its samples", () => {
  const window = [
    // A sample is older than its frame, and not always by the same time.
    frameAt(1000, { sample: { atMs: 900, counters: { served: 100, resets: 4 }, costUs: 500 } }),
    frameAt(2000, {
      sample: { atMs: 1900, counters: { served: 600, resets: 5, open: 7 }, costUs: 2500 },
    }),
  ];
  const moment = momentOf(window, SERVER);
  assert.equal(moment.serverRate, 500);
  assert.equal(moment.open, 7);
  assert.deepEqual(moment.serverErrors, { resets: 1, timeouts: 0, overloads: 0 });
  assert.equal(moment.sampleCpu, 0.002);
  assert.equal(moment.loadRate, null);
});

Deno.test("momentOf(): takes latencies of all samples but those of the window before", () => {
  const window = [
    frameAt(0, { loads: [load({ samples: [loadSample(0, { latency: { 9999: 50 } })] })] }),
    frameAt(100, { loads: [load({ samples: [loadSample(100, { latency: { 20: 2 } })] })] }),
    frameAt(200, {
      loads: [
        load({ samples: [loadSample(200, { latency: { 30: 1 } })] }),
        load({ id: "l2", samples: [loadSample(190, { latency: { 50: 1 } })] }),
      ],
    }),
  ];
  assert.deepEqual(momentOf(window, SERVER).latency, {
    count: 4,
    p50: 20,
    p90: 50,
    p99: 50,
    max: 50,
  });
});

Deno.test("momentOf(): sums system calls over the threads that count them, one that ends included", () => {
  const window = [
    frameAt(0, {
      sample: {
        counters: { served: 0 },
        threads: [
          thread("main"),
          thread("kworker/0:0", { calls: calls(10, 50, 200) }),
          thread("kworker/1:0", { calls: calls(90, 90, 900) }),
        ],
      },
    }),
    frameAt(1000, {
      sample: {
        counters: { served: 100 },
        threads: [thread("main"), thread("kworker/0:0", { calls: calls(30, 110, 450) })],
      },
    }),
  ];
  const { eventsPerWait, callsPerMessage } = momentOf(window, SERVER);
  assert.deepEqual({ eventsPerWait, callsPerMessage }, { eventsPerWait: 3, callsPerMessage: 2.5 });
});

Deno.test("momentOf(): knows no events per wait without a wait, nor calls per message without one", () => {
  const still = { counters: { served: 5 }, threads: [thread("main", { calls: calls(1, 1, 9) })] };
  const moment = momentOf(
    [frameAt(0, { sample: still }), frameAt(1000, { sample: still })],
    SERVER,
  );
  assert.equal(moment.eventsPerWait, null);
  assert.equal(moment.callsPerMessage, null);
});

Deno.test("momentOf(): says CPU time as a share of one CPU, that of each load as it comes and goes", () => {
  const usage = { pid: 2, rssBytes: 0, threads: 1 };
  const window = [
    frameAt(0, {
      sample: { counters: { served: 0 } },
      process: { userUs: 1000, systemUs: 0 },
      loads: [load({ process: { ...usage, userUs: 9_000_000, systemUs: 0 } })],
    }),
    frameAt(1000, {
      sample: { counters: { served: 1000 } },
      process: { userUs: 301_000, systemUs: 200_000, rssBytes: 4096 },
      loads: [load({ id: "l2", process: { ...usage, userUs: 150_000, systemUs: 50_000 } })],
    }),
  ];
  const { userCpu, systemCpu, loadCpu, cpuUsPerMessage, rssBytes } = momentOf(window, SERVER);
  assert.deepEqual(
    { userCpu, systemCpu, loadCpu, cpuUsPerMessage, rssBytes },
    { userCpu: 0.3, systemCpu: 0.2, loadCpu: 0.2, cpuUsPerMessage: 500, rssBytes: 4096 },
  );
});

Deno.test("momentOf(): shows the kernel's queues and counters", () => {
  const sockets: ServerView["sockets"] = {
    acceptQueue: { length: 12, limit: 64 },
    synQueue: 3,
    states: { listening: 1, established: 40, "time-wait": 900 },
  };
  const kernel = { synRetransmits: 5, retransmits: 10, listenOverflows: 0, listenDrops: 0 };
  const moment = momentOf([
    frameAt(0, { sockets, kernel }),
    frameAt(500, { sockets, kernel: { ...kernel, listenOverflows: 7 } }),
  ], SERVER);
  assert.equal(moment.acceptQueue, 12);
  assert.equal(moment.acceptLimit, 64);
  assert.equal(moment.synQueue, 3);
  assert.deepEqual(moment.sockets, { established: 40, "time-wait": 900 });
  assert.deepEqual(moment.kernel, {
    synRetransmits: 0,
    retransmits: 0,
    listenOverflows: 14,
    listenDrops: 0,
  });
});

Deno.test("momentOf(): a server that was started anew has counted from 0", () => {
  const window = [
    frameAt(0, { sample: { counters: { served: 50_000 } } }),
    frameAt(500, { sample: null }),
    frameAt(1000, { sample: { counters: { served: 300 } } }),
  ];
  assert.equal(momentOf(window, SERVER).serverRate, 300);
});

Deno.test("moments(): has a moment for each frame, and the same ones with more frames", () => {
  const frames = new SyntheticFrames([{ id: SERVER }]).take(40);
  const first = moments(frames.slice(0, 30), SERVER);
  const all = moments(frames, SERVER);
  assert.deepEqual(all.map(({ atMs }) => atMs), frames.map(({ atMs }) => atMs));
  assert.ok(first.every((moment, i) => moment === all[i]));
  assert.ok(all[39].serverRate! > 10_000 && all[39].latency!.p99 > all[39].latency!.p50);
});
