/** The run under the glass: the request and its result, as signals, which survive a change of tabs. */
import { messageOf } from "../../../system/message_of.ts";
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { toBase64 } from "../../base64.ts";
import {
  GLASS_LIMITS,
  type GlassTrace,
  type ServerSetup,
  type ServiceName,
} from "../../protocol.ts";
import { type Cuts, partsOf } from "../bytes/cuts.ts";
import { parseNotation } from "../bytes/notation.ts";
import { readText } from "../bytes/notation_field.tsx";
import { DEFAULT_SERVER } from "../../defaults.ts";
import { machine } from "../store.ts";
import { httpHost } from "../transport.ts";
import { alignedStep, countCalls } from "./moments.ts";
import { type PresetName, PRESETS } from "./presets.ts";

type EngineName = ServerSetup["engine"];

const FIRST: PresetName = "split";

export const preset: Signal<PresetName | ""> = signal(FIRST);
export const service: Signal<ServiceName> = signal(PRESETS[FIRST].service);
export const text: Signal<string> = signal(PRESETS[FIRST].text);
export const cuts: Signal<Cuts> = signal(PRESETS[FIRST].cuts);
export const bufferBytes: Signal<number> = signal(PRESETS[FIRST].bufferBytes);

/** Engines that this machine supports. */
export const engines: ReadonlySignal<readonly EngineName[]> = computed(() =>
  machine.value?.engines ?? ["deno"]
);

/** Those that were taken out of the comparison. */
export const leftOut: Signal<ReadonlySet<EngineName>> = signal(new Set());

export const traces: Signal<readonly GlassTrace[] | null> = signal(null);
export const isRunning: Signal<boolean> = signal(false);
/** Why the last run failed, in the host's words. */
export const failure: Signal<string | null> = signal(null);

/** Index of the trace in the middle, and of its step that is shown. */
export const focus: Signal<number> = signal(0);
export const cursor: Signal<number> = signal(0);
export const isPlaying: Signal<boolean> = signal(false);

/** The trace in the middle. */
export const focused: ReadonlySignal<GlassTrace | null> = computed(() =>
  traces.value?.[focus.value] ?? null
);

/** Shows step `at`, or the nearest that there is. */
export function goTo(at: number): void {
  const last = (focused.value?.steps.length ?? 1) - 1;
  cursor.value = Math.max(0, Math.min(last, at));
  if (cursor.value === last) isPlaying.value = false;
}

/** Puts trace `index` into the middle, at the step that corresponds to the one that was shown. */
export function focusOn(index: number): void {
  const before = focused.value?.steps ?? [];
  const after = traces.value?.[index].steps ?? [];
  const at = alignedStep(before, cursor.value, after);
  focus.value = index;
  goTo(at);
}

/** Sets everything as `name` says. */
export function choosePreset(name: PresetName | ""): void {
  preset.value = name;
  if (name === "") return;
  const chosen = PRESETS[name];
  service.value = chosen.service;
  // As it would be typed: a line break of the text stands for CR LF.
  text.value = chosen.text.replaceAll("\r\n", "\n");
  cuts.value = chosen.cuts;
  bufferBytes.value = chosen.bufferBytes;
}

/** Engines that will be run. */
export const chosenEngines: ReadonlySignal<readonly EngineName[]> = computed(() =>
  engines.value.filter((engine) => !leftOut.value.has(engine)).slice(0, GLASS_LIMITS.setups)
);

/** Whether there is something to run. */
export const canRun: ReadonlySignal<boolean> = computed(() => {
  const read = readText(text.value, GLASS_LIMITS.bytes);
  return !isRunning.value && "bytes" in read && read.bytes.length > 0 &&
    chosenEngines.value.length > 0;
});

/** Runs it, on a server of each engine that is not left out. */
export async function run(): Promise<void> {
  isRunning.value = true;
  failure.value = null;
  try {
    const setups = chosenEngines.value.map((engine) => ({
      ...DEFAULT_SERVER,
      service: service.value,
      engine,
      model: "single" as const,
      bufferBytes: bufferBytes.value,
    }));
    const parts = partsOf(parseNotation(text.value), cuts.value).map(toBase64);
    traces.value = await httpHost.glass({ service: service.value, setups, parts });
    isPlaying.value = false;
    // The trace with the most kinds of calls explains most.
    const kinds = traces.value.map(({ steps }) => countCalls(steps).size);
    focus.value = kinds.indexOf(Math.max(...kinds));
    cursor.value = 0;
  } catch (error) {
    failure.value = messageOf(error);
  } finally {
    isRunning.value = false;
  }
}
