/** What runs and their servers are called. */
import type { ServerSetup } from "../../protocol.ts";
import { language, t } from "../i18n/mod.ts";
import type { Run } from "./runs.ts";

/** The clock time of a run, or the name of the file it came from; and its story. */
export function titleOf(run: Run): string {
  const at = new Date(run.recording.savedAt);
  const time = at.toLocaleTimeString(language.value, { hour12: false });
  const { story } = run.recording.setup;
  const title = run.file ?? t("run.title", { time });
  return story === undefined ? title : `${title} · ${story}`;
}

/** A server's set-up in few words: `http, epoll, single`. */
export function serverText({ service, engine, model }: ServerSetup): string {
  return `${service}, ${engine}, ${model}`;
}

/** Servers of a run on which a load ran. */
export function loadedServers(run: Run): { id: string; letter: string; setup: ServerSetup }[] {
  const { frames } = run.recording;
  const loaded = new Set(frames.flatMap(({ loads }) => loads.map(({ serverId }) => serverId)));
  const setups = new Map(
    frames.flatMap(({ servers }) => servers.map(({ id, setup }) => [id, setup] as const)),
  );
  return [...loaded].flatMap((id) => {
    const setup = setups.get(id);
    return setup === undefined ? [] : [{ id, letter: run.letters.get(id) ?? "?", setup }];
  });
}
