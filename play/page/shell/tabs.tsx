/** Tabs by the ARIA pattern: arrow keys move, and the panel follows. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

interface TabsProps<T extends string> {
  label: string;
  tabs: readonly { name: T; title: string }[];
  chosen: T;
  onChoose: (name: T) => void;
  children: ComponentChildren;
}

/** A list of tabs, and the panel of the chosen one as children. */
export function Tabs<T extends string>({ label, tabs, chosen, onChoose, children }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ name }) => name === chosen);
    const next = {
      ArrowRight: (at + 1) % tabs.length,
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(tabs[next].name);
    list.current?.querySelectorAll("button")[next].focus();
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {tabs.map(({ name, title }) => (
          <button
            type="button"
            key={name}
            id={`tab-${name}`}
            role="tab"
            aria-selected={name === chosen}
            aria-controls="tab-panel"
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => onChoose(name)}
          >
            {title}
          </button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${chosen}`} tabIndex={-1}>
        {children}
      </div>
    </div>
  );
}
