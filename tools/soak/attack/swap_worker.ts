/**
 * Swaps two names between a file or directory that is served and a symbolic link to one that must not
 * be, until it is told to stop; then the names are as before.
 */
import { pause } from "./crowd.ts";

/** Swaps between two pauses. */
const BURST = 16;

const stopped = new AbortController();
const scope = self as unknown as {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: unknown): void;
};

scope.onmessage = async ({ data }) => {
  if (data === "stop") return stopped.abort();
  const { root, outside } = data as { root: string; outside: string };
  const names = [[`${root}/door`, outside], [`${root}/window.txt`, `${outside}/secret.txt`]];
  // Names with a dot are not served.
  const places = names.map(([name, target], i) => {
    const link = `${root}/.link-${i}`;
    Deno.symlinkSync(target, link);
    return { name, link, aside: `${root}/.aside-${i}` };
  });
  let swaps = 0;
  while (!stopped.signal.aborted) {
    for (let i = 0; i < BURST; i++) {
      for (const { name, link, aside } of places) {
        Deno.renameSync(name, aside);
        Deno.renameSync(link, name);
        Deno.renameSync(name, link);
        Deno.renameSync(aside, name);
        swaps++;
      }
    }
    await pause(1, stopped.signal);
  }
  for (const { link } of places) Deno.removeSync(link);
  scope.postMessage(swaps);
};
