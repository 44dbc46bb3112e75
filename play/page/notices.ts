/** What the page tells its user: one line of news, and what went wrong until it is dismissed. */
import { type Signal, signal } from "@preact/signals";

/** The newest line of news; it is read aloud. */
export const news: Signal<string> = signal("");

/** What went wrong, oldest first. */
export const complaints: Signal<readonly string[]> = signal([]);

/** Between two lines of news, so that a screen reader can finish one, in ms. */
export const NEWS_GAP_MS = 5000;

/** The most complaints that are kept. */
const MOST_COMPLAINTS = 5;

let saidAtMs = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Shows `text` as news, at once or 5 s after the last line; only the newest line waits. */
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

/** Shows that something went wrong. */
export function complain(text: string): void {
  if (complaints.value.at(-1) === text) return;
  complaints.value = [...complaints.value, text].slice(-MOST_COMPLAINTS);
}

/** Removes a complaint. */
export function dismiss(text: string): void {
  complaints.value = complaints.value.filter((one) => one !== text);
}
