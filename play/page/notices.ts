/** What the page tells its reader: one line of news, and what went wrong until it is put away. */
import { type Signal, signal } from "@preact/signals";

/** The newest line of news; it is read aloud. */
export const news: Signal<string> = signal("");

/** What went wrong, oldest first. */
export const complaints: Signal<readonly string[]> = signal([]);

/** Between two lines of news, so that a screen reader can finish one, in ms. */
export const NEWS_GAP_MS = 5000;

/** Complaints that are kept at the most. */
const MOST_COMPLAINTS = 5;

let saidAtMs = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Tells `text`, at once or 5 s after the line before; only the newest line waits. */
export function say(text: string): void {
  clearTimeout(timer);
  const waitMs = saidAtMs + NEWS_GAP_MS - performance.now();
  if (waitMs <= 0) {
    saidAtMs = performance.now();
    news.value = text;
    return;
  }
  timer = setTimeout(() => say(text), waitMs);
}

/** Tells that something went wrong. */
export function complain(text: string): void {
  if (complaints.value.at(-1) === text) return;
  complaints.value = [...complaints.value, text].slice(-MOST_COMPLAINTS);
}

/** Puts a complaint away. */
export function dismiss(text: string): void {
  complaints.value = complaints.value.filter((one) => one !== text);
}
