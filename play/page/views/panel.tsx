/** The frame of each picture: a heading, the picture, a note and a table. */
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { t } from "../i18n/mod.ts";

export interface PanelProps {
  title: string;
  /** What a reader must know to understand it. */
  note?: string;
  /** Its place among the others: a class of views.css. */
  place?: "wide" | "items" | "turns" | "cpu" | "memory";
  children: ComponentChildren;
}

export function Panel({ title, note, place, children }: PanelProps) {
  const id = useId();
  return (
    <section class={place === undefined ? "panel" : `panel ${place}`} aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
      {note !== undefined && <p class="note">{note}</p>}
    </section>
  );
}

/** An entry of the legend: how a series is drawn, its name, and its newest value with the unit. */
export interface LegendItem {
  label: string;
  value?: string;
  colour: number;
  dash?: readonly number[];
  isArea?: boolean;
}

export function Legend({ items }: { items: readonly LegendItem[] }) {
  return (
    <ul class="legend">
      {items.map(({ label, value, colour, dash, isArea }) => (
        <li key={label}>
          <svg width="22" height="12" aria-hidden="true">
            {isArea && (
              <rect y="6" width="22" height="6" fill={`var(--series-${colour})`} opacity="0.3" />
            )}
            <line
              x1="0"
              x2="22"
              y1="6"
              y2="6"
              stroke={colour === 0 ? "var(--text)" : `var(--series-${colour})`}
              stroke-width="2.5"
              stroke-dasharray={dash?.join(" ")}
            />
          </svg>
          <span>{label}</span>
          {value !== undefined && <b>{value}</b>}
        </li>
      ))}
    </ul>
  );
}

/** A table of texts; the first column names the rows. */
export interface TableContent {
  caption: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** How often an open table changes, in ms: more often, it would not be readable. */
const TABLE_MS = 1000;

/** The same data as a table, for those who do not see the picture. Computed only while it is open. */
export function TableAlternative({ atMs, content }: { atMs: number; content: () => TableContent }) {
  const [isOpen, setOpen] = useState(false);
  const shown = useRef<{ atMs: number; content: TableContent } | null>(null);
  if (!isOpen) shown.current = null;
  else if (shown.current === null || Math.abs(atMs - shown.current.atMs) >= TABLE_MS) {
    shown.current = { atMs, content: content() };
  }
  return (
    <details class="table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("views.table")}</summary>
      {shown.current && <Table {...shown.current.content} />}
    </details>
  );
}

export function Table({ caption, head, rows }: TableContent) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>{head.map((text) => <th scope="col" key={text}>{text}</th>)}</tr>
        </thead>
        <tbody>
          {rows.map(([name, ...values]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, i) => <td key={i}>{value}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
