/** Bytes as they are: printable ones as text, the others by name, with zones and marks. */
import type { JSX } from "preact";
import { byteLines, type ByteMarks, type Token } from "./byte_lines.ts";

interface ByteViewProps extends ByteMarks {
  /** Says what the bytes are, for screen readers. */
  label: string;
  bytes: Uint8Array;
  /** Called with the offset that is nearest to a click, between two bytes. */
  onPlace?: (at: number) => void;
}

/** The bytes, with a new line after each LF. */
export function ByteView({ label, bytes, zones, marks, onPlace }: ByteViewProps): JSX.Element {
  const click = onPlace && ((event: MouseEvent) => {
    const at = placeOf(event);
    if (at !== undefined) onPlace(at);
  });
  return (
    <pre
      class={`byte-view${onPlace === undefined ? "" : " is-placeable"}`}
      role="group"
      aria-label={label}
      tabIndex={0}
      onClick={click}
    >
      {byteLines(bytes, { zones, marks }).map((line, i) => (
        <span class="byte-line" key={i}>{line.map(tokenView)}</span>
      ))}
    </pre>
  );
}

function tokenView(token: Token): JSX.Element {
  if (token.kind === "mark") {
    return <span key={`m${token.name}`} class={`byte-mark ${token.name}`} />;
  }
  return (
    <span key={token.from} class={`${token.kind} ${token.zone}`} data-from={token.from}>
      {token.text}
    </span>
  );
}

/** The offset that a click means. */
function placeOf({ target, clientX, clientY }: MouseEvent): number | undefined {
  if (!(target instanceof HTMLElement) || target.dataset.from === undefined) return undefined;
  const from = Number(target.dataset.from);
  if (target.classList.contains("control")) {
    const { left, width } = target.getBoundingClientRect();
    return clientX < left + width / 2 ? from : from + 1;
  }
  const range = document.caretRangeFromPoint?.(clientX, clientY);
  return range === null || range === undefined ? from : from + range.startOffset;
}
