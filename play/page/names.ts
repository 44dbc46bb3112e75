/** What servers are called: by the letter of their column. */
import { computed, type ReadonlySignal } from "@preact/signals";
import { LETTERS, letters } from "./control.ts";
import { replay } from "./runs/replay.ts";

/** Letters of the servers that are shown, by id: those of a replayed run, or of the set-up. */
const shown: ReadonlySignal<ReadonlyMap<string, string>> = computed(() =>
  replay.value?.run.letters ?? letters.value
);

/** The letter of a server; its id if it belongs to no column of this page. */
export function letterOf(id: string): string {
  return shown.value.get(id) ?? id;
}

/** The series colour of a server: that of its column; 7 if it belongs to none. */
export function colourOf(id: string): number {
  const column = LETTERS.indexOf(letterOf(id));
  return column < 0 ? 7 : column + 1;
}
