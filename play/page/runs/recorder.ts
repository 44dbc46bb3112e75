/** Collects the frames of a run within a bounded memory. */
import type { Frame, LoadView } from "../../protocol.ts";

/** Bounds of what a recorder keeps. */
export interface RecorderLimits {
  frames: number;
  /** Values of connections, over all frames: by far the largest part of a frame. */
  values: number;
}

/** Two minutes at ten frames a second, and some 64 MB of connections. */
export const RECORDER_LIMITS: RecorderLimits = { frames: 1200, values: 8_000_000 };

/** Values of connections in `frame`. */
function valuesIn({ servers }: Frame): number {
  return servers.reduce((sum, { sample }) => sum + 4 * (sample?.connections.ids.length ?? 0), 0);
}

/** `later` with the samples of `earlier`, which is dropped: no sample of a load is lost. */
function withSamplesOf(later: Frame, earlier: Frame): Frame {
  const before = new Map(earlier.loads.map((load) => [load.id, load]));
  const merged = (load: LoadView): LoadView => {
    const samples = before.get(load.id)?.samples ?? [];
    before.delete(load.id);
    return samples.length === 0 ? load : { ...load, samples: [...samples, ...load.samples] };
  };
  const loads = later.loads.map(merged);
  // A load that has ended may be missing from the next frame.
  return { ...later, loads: [...before.values(), ...loads] };
}

/**
 * Keeps frames. When there are too many, it drops every second one, and from then on also every second
 * one that arrives. Counters and samples of loads stay complete.
 */
export class Recorder {
  readonly #limits: RecorderLimits;
  #frames: Frame[] = [];
  #values = 0;
  /** One of this many frames is kept. */
  #stride = 1;
  /** The newest frame if it is not kept yet, with the samples of those since the last one that was. */
  #pending: Frame | undefined;
  #count = 0;

  constructor(limits = RECORDER_LIMITS) {
    this.#limits = limits;
  }

  /** One of this many frames is kept. */
  get stride(): number {
    return this.#stride;
  }

  /** Adds the next frame. */
  add(frame: Frame): void {
    const whole = this.#pending === undefined ? frame : withSamplesOf(frame, this.#pending);
    this.#pending = whole;
    if (this.#count++ % this.#stride !== 0) return;
    this.#keep();
    while (this.#frames.length > this.#limits.frames || this.#values > this.#limits.values) {
      if (this.#frames.length < 4) break;
      this.#thin();
    }
  }

  /** All frames that are kept, the newest included. */
  finish(): Frame[] {
    this.#keep();
    return this.#frames;
  }

  #keep(): void {
    if (this.#pending === undefined) return;
    this.#frames.push(this.#pending);
    this.#values += valuesIn(this.#pending);
    this.#pending = undefined;
  }

  #thin(): void {
    this.#stride *= 2;
    const kept: Frame[] = [this.#frames[0]];
    for (let i = 2; i < this.#frames.length; i += 2) {
      kept.push(withSamplesOf(this.#frames[i], this.#frames[i - 1]));
    }
    const last = this.#frames.length - 1;
    if (last % 2 === 1) this.#pending = this.#frames[last];
    // The next frame that is kept comes one stride after the last one.
    this.#count = this.#pending === undefined ? 1 : this.#stride / 2 + 1;
    this.#frames = kept;
    this.#values = kept.reduce((sum, frame) => sum + valuesIn(frame), 0);
  }
}
