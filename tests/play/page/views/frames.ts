/** Frames for tests of views: what a test does not say is at rest. */
import type { LoadSample } from "../../../../bench/load_sample.ts";
import type { Frame, LoadView, ServerView } from "../../../../play/protocol.ts";
import type { ServerSample } from "../../../../servers/models/server_sample.ts";
import { type Counters, zeroCounters } from "../../../../servers/net/counters.ts";
import { LOAD_SETUP, SERVER_SETUP } from "../../synthetic_frames.ts";

/** The server of all of these frames. */
export const SERVER = "s1";

interface Parts {
  /** Null: the server does not tell. */
  sample?: Partial<Omit<ServerSample, "counters">> & { counters?: Partial<Counters> } | null;
  process?: Partial<NonNullable<ServerView["process"]>> | null;
  sockets?: ServerView["sockets"];
  loads?: LoadView[];
  kernel?: Frame["kernel"];
}

/** A frame at a time with one server. */
export function frameAt(atMs: number, parts: Parts = {}): Frame {
  const { sample = {}, process = null, sockets = null, loads = [], kernel = null } = parts;
  return {
    atMs,
    servers: [{
      id: SERVER,
      state: "running",
      setup: SERVER_SETUP,
      sample: sample && {
        atMs,
        threads: [],
        queue: null,
        connections: { ids: [], phases: [], inputBytes: [], untilTimeoutMs: [] },
        costUs: 0,
        ...sample,
        counters: { ...zeroCounters(), ...sample.counters },
      },
      process: process && { pid: 1, userUs: 0, systemUs: 0, rssBytes: 0, threads: 1, ...process },
      sockets,
    }],
    loads,
    kernel,
    costUs: 0,
  };
}

/** A load on the server. */
export function load(parts: Partial<LoadView> = {}): LoadView {
  return {
    id: "l1",
    serverId: SERVER,
    state: "running",
    setup: LOAD_SETUP,
    samples: [],
    process: null,
    held: { open: 0, closed: 0 },
    result: null,
    ...parts,
  };
}

/** What a load tells of the 100 ms up to `endMs`. */
export function loadSample(
  endMs: number,
  { answers = 0, done = answers, errors = {}, latency = {} }: {
    answers?: number;
    /** Since the load began. */
    done?: number;
    errors?: Record<string, number>;
    /** Answers by upper edge, in us. */
    latency?: Record<number, number>;
  } = {},
): LoadSample {
  return {
    startMs: endMs - 100,
    endMs,
    totals: { done, failed: 0, bytesIn: 0, statuses: {}, errors, open: 0, unsent: null },
    answers,
    latency: {
      upToUs: Object.keys(latency).map(Number),
      counts: Object.values(latency),
    },
    connect: { upToUs: [], counts: [] },
  };
}
