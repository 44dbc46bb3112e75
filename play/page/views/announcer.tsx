/** A line for screen readers with the main figures of a server. */
import { useRef } from "preact/hooks";

/** How often it speaks at most, in ms. */
const SPEAK_MS = 5000;

/** Says the newest `text`, but not more often than every five seconds. */
export function Announcer({ atMs, text }: { atMs: number; text: string }) {
  const said = useRef({ atMs: -Infinity, text: "" });
  // An earlier time means that another run is shown.
  if (Math.abs(atMs - said.current.atMs) >= SPEAK_MS) said.current = { atMs, text };
  return <p class="hidden" role="status">{said.current.text}</p>;
}
