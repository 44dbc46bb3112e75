/** The button that unfolds a part of the page where there is no room for it beside the rest. */
import type { Signal } from "@preact/signals";

/** @param props `controls`: the id of the part; `title`: what the button says */
export function Fold(
  { isOpen, controls, title }: { isOpen: Signal<boolean>; controls: string; title: string },
) {
  return (
    <button
      type="button"
      class="fold"
      aria-expanded={isOpen.value}
      aria-controls={controls}
      onClick={() => isOpen.value = !isOpen.value}
    >
      {title}
    </button>
  );
}
