/** What servers are called: by the letter of their column. */
import { computed, type ReadonlySignal } from "@preact/signals";
import { LETTERS, letters } from "./control.ts";
import { replay } from "./runs/replay.ts";

/** Letters of the servers that are shown, by id: of a run that is replayed, or of the set-up. */
const shown: ReadonlySignal<ReadonlyMap<string, string>> = computed(() =>
  replay.value?.run.letters ?? letters.value
);

/** The letter of a server; its id, where it stands in no column of this page. */
export function letterOf(id: string): string {
  return shown.value.get(id) ?? id;
}

/** The series colour of a server: that of its column. 7, where it stands in none. */
export function colourOf(id: string): number {
  const column = LETTERS.indexOf(letterOf(id));
  return column < 0 ? 7 : column + 1;
}
