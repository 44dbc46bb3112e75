/** All steps of a trace, the current one marked. */
import { useEffect, useRef } from "preact/hooks";
import type { GlassStep } from "../../protocol.ts";
import { t } from "../i18n/mod.ts";
import { stepText } from "./moments.ts";
import { goTo } from "./run.ts";

/** A list to choose from. */
export function StepList({ steps, at }: { steps: readonly GlassStep[]; at: number }) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    // Only the list scrolls, never the page; its items are placed in it.
    const ol = list.current;
    const item = ol?.children[at] as HTMLElement | undefined;
    if (ol === null || item === undefined) return;
    const top = item.offsetTop;
    if (top < ol.scrollTop || top + item.offsetHeight > ol.scrollTop + ol.clientHeight) {
      ol.scrollTop = top - ol.clientHeight / 2;
    }
  }, [at, steps]);
  return (
    <section class="steps" aria-label={t("glass.steps")}>
      <h3>{t("glass.steps")}</h3>
      <ol ref={list} tabIndex={0} aria-label={t("glass.steps")}>
        {steps.map((step, i) => (
          <li key={i} class={`is-${step.kind}`} aria-current={i === at ? "step" : undefined}>
            <button
              type="button"
              tabIndex={-1}
              onClick={() =>
                goTo(i)}
            >
              <span class="time">{timeText(step.atUs)}</span>
              <span class="kind">{t(`glass.kind.${step.kind}`)}</span>
              <code>{stepText(step)}</code>
              {step.tookUs !== undefined && step.tookUs >= 1000 && (
                <span class="took">{t("glass.took", { ms: (step.tookUs / 1000).toFixed(1) })}</span>
              )}
            </button>
          </li>
        ))}
      </ol>
      <p class="hint">{t("glass.cost")}</p>
    </section>
  );
}

/** `12.345 ms` */
function timeText(us: number): string {
  return `${(us / 1000).toFixed(3)} ms`;
}
