/** Starts and stops servers and loads, and knows which server belongs to which column of the set-up. */
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Frame, LoadView, ServerSetup, ServerView } from "../protocol.ts";
import { t } from "./i18n/mod.ts";
import { complain, say } from "./notices.ts";
import { liveFrame, selected, setup } from "./store.ts";
import { httpHost, RefusedError } from "./transport.ts";

/** Names the columns: `A` to `D`. */
export const LETTERS = "ABCD";

/** Ids of servers that were started from each column of the set-up. */
export const slots: Signal<readonly (string | null)[]> = signal([]);

/** Letters of servers by id; a server of another page has none. */
export const letters: ReadonlySignal<ReadonlyMap<string, string>> = computed(() => {
  const pairs = slots.value.map((id, index): [string | null, string] => [id, LETTERS[index]]);
  return new Map(pairs.filter((pair): pair is [string, string] => pair[0] !== null));
});

/** Columns where a request is under way. */
export const busy: Signal<ReadonlySet<number>> = signal(new Set<number>());

/** Whether a load is being started or stopped. */
export const isLoadBusy: Signal<boolean> = signal(false);

/** Whether a server exists: it starts, runs or stops. */
export const isThere = ({ state }: ServerView) => state !== "ended";

/** Whether two set-ups ask for the same server. */
export function isSameServer(a: ServerSetup, b: ServerSetup): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof ServerSetup>;
  return [...keys].every((key) => a[key] === b[key]);
}

/**
 * Puts servers that run already into the columns that ask for the same, as after a reload.
 *
 * @returns the new slots
 */
export function adopt(
  setups: readonly ServerSetup[],
  taken: readonly (string | null)[],
  servers: readonly ServerView[],
): (string | null)[] {
  const free = servers.filter((server) => isThere(server) && !taken.includes(server.id));
  return setups.map((wanted, index) => {
    if (taken[index]) return taken[index];
    const at = free.findIndex((server) => isSameServer(server.setup, wanted));
    return at < 0 ? null : free.splice(at, 1)[0].id;
  });
}

/** Adopts servers of the newest frame. */
export function adoptServers(): void {
  slots.value = adopt(setup.value.servers, slots.value, liveFrame.value?.servers ?? []);
}

/** The server of a column; undefined where none was started, or it has ended. */
export function serverAt(index: number, frame: Frame | null): ServerView | undefined {
  const id = slots.value[index];
  return frame?.servers.find((server) => server.id === id && isThere(server));
}

/** Starts that are under way: frames show their servers before their ids are known here. */
const starting: Signal<number> = signal(0);

/** Servers that belong to no column of this page; none while this page starts one. */
export const others: ReadonlySignal<readonly ServerView[]> = computed(() =>
  starting.value > 0
    ? []
    : (liveFrame.value?.servers ?? []).filter((server) =>
      isThere(server) && !slots.value.includes(server.id)
    )
);

/** Loads that run. */
export const runningLoads: ReadonlySignal<readonly LoadView[]> = computed(() =>
  (liveFrame.value?.loads ?? []).filter(({ state }) => state === "running")
);

/** Announces when the last load has ended by itself. */
export function tellEndOfLoads(): void {
  let before = 0;
  effect(() => {
    const now = runningLoads.value.length;
    if (before > 0 && now === 0 && !isLoadBusy.peek()) say(t("news.loadEnded"));
    before = now;
  });
}

/** The message about a failed request. */
export function wordsOf(error: unknown): string {
  return error instanceof RefusedError ? error.message : t("link.unreachable");
}

async function attempt(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    complain(wordsOf(error));
  }
}

async function whileBusy(index: number, action: () => Promise<void>): Promise<void> {
  busy.value = new Set([...busy.value, index]);
  await attempt(action);
  busy.value = new Set([...busy.value].filter((other) => other !== index));
}

function setSlot(index: number, id: string | null): void {
  const next = [...slots.value];
  while (next.length <= index) next.push(null);
  next[index] = id;
  slots.value = next;
}

/** Starts a server in a column, and shows it. @returns its id @throws when the host refuses */
export async function startIn(index: number, server: ServerSetup): Promise<string> {
  starting.value += 1;
  try {
    const id = await httpHost.startServer(server);
    batch(() => {
      setSlot(index, id);
      selected.value = id;
    });
    return id;
  } finally {
    starting.value -= 1;
  }
}

/** Starts the server of a column. */
export async function startServer(index: number): Promise<void> {
  await whileBusy(index, async () => {
    await startIn(index, setup.value.servers[index]);
    say(t("news.serverStarted", { letter: LETTERS[index] }));
  });
}

/** Stops the server of a column. */
export async function stopServer(index: number): Promise<void> {
  const id = slots.value[index];
  if (!id) return;
  await whileBusy(index, async () => {
    await httpHost.stopServer(id);
    setSlot(index, null);
    say(t("news.serverStopped", { letter: LETTERS[index] }));
  });
}

/** Stops a server that this page has not started. */
export async function stopOther(id: string): Promise<void> {
  await attempt(() => httpHost.stopServer(id));
}

/** How long a load waits for servers that are starting, in ms. */
const START_WAIT_MS = 10_000;

/** Waits until no server of this page is starting. @returns ids of those that run */
async function readyServers(): Promise<string[]> {
  const own = () => (liveFrame.value?.servers ?? []).filter(({ id }) => slots.value.includes(id));
  const isReady = () =>
    busy.value.size === 0 && slots.value.every((id) => !id || own().some((s) => s.id === id)) &&
    own().every(({ state }) => state !== "starting");
  await new Promise<void>((resolve) => {
    let unsubscribe = () => {};
    const timer = setTimeout(() => done(), START_WAIT_MS);
    const done = () => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const ready = computed(isReady);
    unsubscribe = ready.subscribe((value) => {
      // Not at once: the first call comes before `subscribe` has returned.
      if (value) queueMicrotask(done);
    });
  });
  return own().filter(({ state }) => state === "running").map(({ id }) => id);
}

/** Starts the load of the set-up on all servers of this page that run, or are starting. */
export async function startLoad(): Promise<void> {
  isLoadBusy.value = true;
  await attempt(async () => {
    const servers = await readyServers();
    if (servers.length === 0) return complain(t("load.noServer"));
    await httpHost.startLoad({ servers, load: setup.value.load });
    say(t("news.loadStarted"));
  });
  isLoadBusy.value = false;
}

/** Starts all servers of the set-up that do not run, and its load on them. */
export async function startAll(): Promise<void> {
  await Promise.all(
    setup.value.servers.map((_, index) => slots.value[index] ? undefined : startServer(index)),
  );
  await startLoad();
}

/** Stops all loads, and the servers of this page. */
export async function stopAll(): Promise<void> {
  await Promise.all(runningLoads.peek().map(({ id }) => attempt(() => httpHost.stopLoad(id))));
  await Promise.all(slots.peek().map((id) => id && attempt(() => httpHost.stopServer(id))));
  slots.value = [];
}

/** Stops all loads. */
export async function stopLoad(): Promise<void> {
  isLoadBusy.value = true;
  await Promise.all(runningLoads.value.map(({ id }) => attempt(() => httpHost.stopLoad(id))));
  isLoadBusy.value = false;
  say(t("news.loadStopped"));
}
