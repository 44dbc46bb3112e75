/** Threads of a server over time, each in a lane of its own. */
import type { Frame } from "../../protocol.ts";
import type { ThreadSample } from "../../../servers/models/server_sample.ts";
import { viewOf } from "./moments.ts";
import { GAP_MS, WINDOW_MS } from "./windows.ts";

/** What a thread does: `gone` if there is no Worker now, `unknown` if its state is not reported. */
export type LaneState = "idle" | "busy" | "blocked" | "unknown" | "gone";

/** An interval in one state. */
export interface LaneSegment {
  fromMs: number;
  toMs: number;
  state: LaneState;
}

/** What happened to a Worker. */
export interface LaneMark {
  atMs: number;
  kind: "created" | "reaped" | "crashed";
}

export interface Lane {
  /** The name of the thread. */
  name: string;
  segments: LaneSegment[];
  marks: LaneMark[];
  /** What it does now; null where there is no sample. */
  state: LaneState | null;
  /** Share of the last second that it spent on work items; null where it counts none. */
  busyShare: number | null;
  /** Work items that ended in it. */
  items: number | null;
}

/** The lanes of a server, in the order in which its threads appeared. */
export function lanes(frames: readonly Frame[], server: string): Lane[] {
  const builders = new Map<string, LaneBuilder>();
  let wasKnown = false;
  let beforeMs = -Infinity;
  for (const frame of frames) {
    const sample = viewOf(frame, server)?.sample ?? null;
    if (sample === null || frame.atMs - beforeMs > GAP_MS) {
      for (const builder of builders.values()) builder.interrupt();
      wasKnown = false;
    }
    beforeMs = frame.atMs;
    if (sample === null) continue;
    for (const thread of sample.threads) {
      let builder = builders.get(thread.name);
      if (builder === undefined) {
        builders.set(thread.name, builder = new LaneBuilder(thread.name, wasKnown));
      }
      builder.add(frame.atMs, thread);
    }
    wasKnown = true;
  }
  const endMs = frames.at(-1)?.atMs ?? 0;
  return [...builders.values()].map((builder) => builder.lane(endMs));
}

class LaneBuilder {
  #name: string;
  #segments: LaneSegment[] = [];
  #marks: LaneMark[] = [];
  #before: ThreadSample | null = null;
  /** Whether the server was seen without this thread. */
  #isNew: boolean;
  #isCut = true;
  #busy: { atMs: number; us: number }[] = [];

  constructor(name: string, isNew: boolean) {
    this.#name = name;
    this.#isNew = isNew;
  }

  interrupt(): void {
    this.#isCut = true;
    this.#before = null;
    this.#isNew = false;
    this.#busy = [];
  }

  add(atMs: number, thread: ThreadSample): void {
    this.#mark(atMs, thread);
    const state = stateOf(thread);
    const last = this.#segments.at(-1);
    if (last !== undefined && !this.#isCut) {
      last.toMs = atMs;
      if (last.state !== state) this.#segments.push({ fromMs: atMs, toMs: atMs, state });
    } else {
      this.#segments.push({ fromMs: atMs, toMs: atMs, state });
    }
    this.#isCut = false;
    if (thread.work) {
      this.#busy.push({ atMs, us: thread.work.busyUs });
      while (this.#busy.length > 1 && this.#busy[1].atMs <= atMs - WINDOW_MS) this.#busy.shift();
    }
    this.#before = thread;
  }

  #mark(atMs: number, thread: ThreadSample): void {
    const before = this.#before;
    if (before === null) {
      if (this.#isNew && thread.isAlive) this.#marks.push({ atMs, kind: "created" });
      return;
    }
    const created = (thread.work?.created ?? 0) - (before.work?.created ?? 0);
    const crashes = (thread.work?.crashes ?? 0) - (before.work?.crashes ?? 0);
    // Both may have happened between two samples: a Worker ended, and another replaced it.
    const isCreated = created > 0 || (!before.isAlive && thread.isAlive);
    const isEnded = before.isAlive && (!thread.isAlive || created > 0);
    if (isEnded) this.#marks.push({ atMs, kind: crashes > 0 ? "crashed" : "reaped" });
    if (isCreated) this.#marks.push({ atMs, kind: "created" });
  }

  lane(endMs: number): Lane {
    const thread = this.#before;
    const [first, last] = [this.#busy[0], this.#busy.at(-1)];
    const ms = first && last ? last.atMs - first.atMs : 0;
    return {
      name: this.#name,
      segments: this.#segments.filter(({ fromMs, toMs }) => toMs > fromMs || toMs === endMs),
      marks: this.#marks,
      state: thread && stateOf(thread),
      // An item counts with all of its time when it ends, which may be more than this window.
      busyShare: ms > 0 ? Math.min(1, Math.max(0, last!.us - first.us) / (ms * 1000)) : null,
      items: thread?.work?.items ?? null,
    };
  }
}

function stateOf({ isAlive, state }: ThreadSample): LaneState {
  return isAlive ? state ?? "unknown" : "gone";
}
