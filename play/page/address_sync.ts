/** Keeps the page's address and its set-up in step. */
import { effect } from "@preact/signals";
import { t } from "./i18n/mod.ts";
import { complain } from "./notices.ts";
import { readAddress, writeAddress } from "../address.ts";
import { DEFAULT_SETUP } from "../defaults.ts";
import { machine, setup } from "./store.ts";

/** Takes over the set-up of `hash`. @returns whether it holds one */
export function applyAddress(hash: string): boolean {
  const { setup: found, problems } = readAddress(hash, machine.peek()?.cpus ?? 1);
  for (const problem of problems) complain(t("address.problem", { problem }));
  if (found === null) return false;
  setup.value = found;
  return true;
}

/** From now on, the address holds the set-up, and back and forward restore it. */
export function keepAddress(): void {
  applyAddress(location.hash);
  const follow = () => {
    if (location.hash.slice(1) === writeAddress(setup.peek())) return;
    if (!applyAddress(location.hash)) setup.value = DEFAULT_SETUP;
  };
  addEventListener("popstate", follow);
  addEventListener("hashchange", follow);
  let isFirst = true;
  effect(() => {
    const written = writeAddress(setup.value);
    if (location.hash.slice(1) !== written) {
      const url = `${location.pathname}${location.search}#${written}`;
      // The first change only completes the address that was opened: it is not a step to go back to.
      history[isFirst ? "replaceState" : "pushState"](null, "", url);
    }
    isFirst = false;
  });
}

/** The address to hand out: without the token, which is this host's alone. */
export function linkToShare(): string {
  return `${location.origin}/#${writeAddress(setup.value)}`;
}

/** Opens a link that somebody handed out. @returns whether it holds a set-up */
export function openLink(text: string): boolean {
  const hash = text.includes("#") ? text.slice(text.indexOf("#")) : text;
  if (applyAddress(hash.trim())) return true;
  complain(t("address.none"));
  return false;
}
