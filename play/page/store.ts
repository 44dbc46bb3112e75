/// <reference lib="dom" />
/** What the page knows: signals, which components read and the transport writes. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Frame, Machine, Setup } from "../protocol.ts";
import { DEFAULT_SETUP } from "../defaults.ts";

/** How much of the past is kept for the live view, in ms. */
export const KEPT_MS = 60_000;

/** The frames of the last 60 s as the host sends them, oldest first; a new array with each. */
const liveFrames: Signal<readonly Frame[]> = signal([]);

/** The newest frame of the host. */
export const liveFrame: ReadonlySignal<Frame | null> = computed(() =>
  liveFrames.value.at(-1) ?? null
);

/** Frames of a replayed run, up to the moment that is shown; null when none is replayed. */
export const replayed: Signal<readonly Frame[] | null> = signal(null);

/** The frames to show, oldest first: of the last 60 s, or of a replay. A new array with each. */
export const frames: ReadonlySignal<readonly Frame[]> = computed(() =>
  replayed.value ?? liveFrames.value
);

/** The newest frame to show. */
export const latest: ReadonlySignal<Frame | null> = computed(() => frames.value.at(-1) ?? null);

/** The values of the controls. */
export const setup: Signal<Setup> = signal(DEFAULT_SETUP);

/** What the host's machine can do; null until the host has answered. */
export const machine: Signal<Machine | null> = signal(null);

/** The server that is shown in detail, by its id. */
export const selected: Signal<string | null> = signal(null);

/** The tabs. */
export const TABS = ["live", "glass", "parser", "runs"] as const;

/** The tab that is open. */
export const tab: Signal<(typeof TABS)[number]> = signal("live");

/** The state of the connection to the host: `lost` is tried again, `ended` is not. */
export type Link = "connecting" | "open" | "lost" | "ended";

/** The state of the connection now. */
export const link: Signal<Link> = signal("connecting");

/** The frames of the last {@linkcode KEPT_MS} of `all`, oldest first. */
export function windowUpTo(all: readonly Frame[]): readonly Frame[] {
  const end = all.at(-1)?.atMs ?? 0;
  const start = all.findIndex(({ atMs }) => atMs > end - KEPT_MS);
  return start <= 0 ? all : all.slice(start);
}

/** Adds `frame`, and drops those that are older than {@linkcode KEPT_MS}. */
export function addFrame(frame: Frame): void {
  liveFrames.value = windowUpTo([...liveFrames.value, frame]);
}

function followMedia(query: string): ReadonlySignal<boolean> {
  const media = globalThis.matchMedia?.(query);
  const matches = signal(media?.matches ?? false);
  media?.addEventListener("change", () => matches.value = media.matches);
  return matches;
}

/** Whether the reader prefers reduced motion: then values change, but nothing moves. */
export const isReduced: ReadonlySignal<boolean> = followMedia("(prefers-reduced-motion: reduce)");

/** Whether the system asks for dark colours. */
export const isSystemDark: ReadonlySignal<boolean> = followMedia("(prefers-color-scheme: dark)");
