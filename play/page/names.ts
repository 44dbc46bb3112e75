/** What servers are called: by the letter of their column. */
import { computed, type ReadonlySignal } from "@preact/signals";
import { letters } from "./control.ts";
import { replay } from "./runs/replay.ts";

/** Letters of the servers that are shown, by id: of a run that is replayed, or of the set-up. */
const shown: ReadonlySignal<ReadonlyMap<string, string>> = computed(() =>
  replay.value?.run.letters ?? letters.value
);

/** The letter of a server; its id, where it stands in no column of this page. */
export function letterOf(id: string): string {
  return shown.value.get(id) ?? id;
}
