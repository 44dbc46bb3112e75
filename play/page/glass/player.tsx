/** Moves through a trace step by step: with buttons, keys or a slider, or by itself. */
import { type Signal, signal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { GlassTrace } from "../../protocol.ts";
import { t } from "../i18n/mod.ts";
import { cursor, goTo, isPlaying } from "./run.ts";
import { stepText } from "./moments.ts";

/** Steps per second. */
const SPEEDS = [0.5, 1, 2, 4, 8];

const speed: Signal<number> = signal(2);

/** What keys do while the focus is in the player. */
const KEYS: Record<string, (last: number) => void> = {
  ArrowRight: () => goTo(cursor.value + 1),
  ArrowLeft: () => goTo(cursor.value - 1),
  Home: () => goTo(0),
  End: (last) => goTo(last),
  " ": togglePlay,
};

function togglePlay(): void {
  isPlaying.value = !isPlaying.value;
}

/** The player of `trace`. */
export function Player({ trace }: { trace: GlassTrace }) {
  const id = useId();
  const { steps, setup } = trace;
  const last = steps.length - 1;
  const at = cursor.value;
  const step = steps[at];
  const perSecond = speed.value;
  const isGoing = isPlaying.value;

  useEffect(() => {
    if (!isGoing) return;
    const timer = setInterval(() => goTo(cursor.value + 1), 1000 / perSecond);
    return () => clearInterval(timer);
  }, [isGoing, perSecond]);
  // Leaving the tab stops playback.
  useEffect(() => () => void (isPlaying.value = false), []);

  const onKeyDown = (event: KeyboardEvent) => {
    const action = KEYS[event.key];
    const { tagName } = event.target as HTMLElement;
    // The space bar presses a button, and a list of choices has keys of its own.
    if (action === undefined || tagName === "SELECT") return;
    if (event.key === " " && tagName === "BUTTON") return;
    event.preventDefault();
    action(last);
  };
  const button = (name: "first" | "back" | "forward" | "last", sign: string, target: number) => (
    <button
      type="button"
      aria-label={t(`glass.${name}`)}
      title={t(`glass.${name}`)}
      disabled={target < 0 || target > last || target === at}
      onClick={() => goTo(target)}
    >
      <span aria-hidden="true">{sign}</span>
    </button>
  );
  return (
    <div
      class="player"
      role="group"
      aria-label={t("glass.player", { engine: setup.engine })}
      onKeyDown={onKeyDown}
    >
      <div class="buttons">
        {button("first", "|◀", 0)}
        {button("back", "◀", at - 1)}
        <button type="button" class="play" disabled={last < 1} onClick={togglePlay}>
          {t(isGoing ? "glass.pause" : "glass.play")}
        </button>
        {button("forward", "▶", at + 1)}
        {button("last", "▶|", last)}
      </div>
      <input
        type="range"
        min={0}
        max={Math.max(0, last)}
        value={at}
        aria-label={t("glass.step")}
        aria-valuetext={step === undefined
          ? undefined
          : t("glass.stepText", { step: at + 1, steps: last + 1, text: stepText(step) })}
        onInput={({ currentTarget }) => goTo(Number(currentTarget.value))}
      />
      <output>{`${at + 1} / ${last + 1}`}</output>
      <label for={id}>{t("glass.speed")}</label>
      <select
        id={id}
        value={perSecond}
        onChange={({ currentTarget }) => speed.value = Number(currentTarget.value)}
      >
        {SPEEDS.map((value) => (
          <option key={value} value={value}>{t("glass.perSecond", { steps: value })}</option>
        ))}
      </select>
    </div>
  );
}
