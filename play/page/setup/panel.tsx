/** The set-up: servers side by side, the load, and the buttons. */
import { signal } from "@preact/signals";
import { useId } from "preact/hooks";
import { MAX_SERVERS } from "../../limits.ts";
import type { LoadSetup, ServerSetup, ServerView } from "../../protocol.ts";
import {
  busy,
  isLoadBusy,
  isSameServer,
  LETTERS,
  others,
  runningLoads,
  serverAt,
  slots,
  startLoad,
  startServer,
  stopLoad,
  stopOther,
  stopServer,
} from "../control.ts";
import { t } from "../i18n/mod.ts";
import { letterOf } from "../names.ts";
import { liveFrame, machine, setup } from "../store.ts";
import { DEFAULT_SERVER } from "../../defaults.ts";
import { FieldRow } from "./field.tsx";
import { LOAD_FIELDS, SERVER_FIELDS } from "./fields.ts";
import type { Surroundings } from "./fields.ts";
import { LinkTools } from "./link_tools.tsx";

/** Fields of a server that are always shown; the rest unfolds. */
const MAIN_FIELDS: ReadonlySet<string> = new Set(["service", "engine", "model", "workers"]);

const areMoreOpen = signal(false);

/** Changes the servers of the set-up, which then is no longer that of a story. */
function changeServers(servers: ServerSetup[]): void {
  const { story: _, ...rest } = setup.value;
  setup.value = { ...rest, servers };
}

function changeLoad(load: LoadSetup): void {
  const { story: _, ...rest } = setup.value;
  setup.value = { ...rest, load };
}

function addServer(copied: ServerSetup): void {
  changeServers([...setup.value.servers, copied]);
}

function removeServer(index: number): void {
  slots.value = slots.value.filter((_, i) => i !== index);
  changeServers(setup.value.servers.filter((_, i) => i !== index));
}

/** The set-up. */
export function SetupPanel() {
  const { servers, load } = setup.value;
  const surroundings: Surroundings = {
    machine: machine.value,
    services: servers.map(({ service }) => service),
  };
  const isFull = servers.length >= MAX_SERVERS;
  return (
    <div class="setup">
      {servers.map((server, index) => (
        <ServerCard
          key={index}
          index={index}
          server={server}
          surroundings={surroundings}
          canRemove={servers.length > 1}
          isFull={isFull}
        />
      ))}
      <p class="row">
        <button type="button" disabled={isFull} onClick={() => addServer(DEFAULT_SERVER)}>
          {t("server.add")}
        </button>
        {isFull && <span class="note">{t("server.full", { max: MAX_SERVERS })}</span>}
      </p>
      <OtherServers />
      <LoadCard load={load} surroundings={surroundings} />
      <LinkTools />
    </div>
  );
}

/** In words: where it listens, or what it is doing. */
function stateText(server: ServerView | undefined): string {
  if (server === undefined) return t("state.stopped");
  if (server.state === "running" && server.address) {
    return t("state.listening", { address: server.address });
  }
  return t(`state.${server.state}`);
}

interface ServerCardProps {
  index: number;
  server: ServerSetup;
  surroundings: Surroundings;
  canRemove: boolean;
  isFull: boolean;
}

function ServerCard({ index, server, surroundings, canRemove, isFull }: ServerCardProps) {
  const id = useId();
  const letter = LETTERS[index];
  const running = serverAt(index, liveFrame.value);
  const isBusy = busy.value.has(index) || running?.state === "stopping";
  const isUp = running !== undefined || Boolean(slots.value[index]);
  const isStale = running !== undefined && !isSameServer(running.setup, server);
  const failed = liveFrame.value?.servers.find((view) => view.id === slots.value[index])?.failure;
  const change = (changed: ServerSetup) =>
    changeServers(setup.value.servers.map((other, i) => i === index ? changed : other));
  const row = (field: (typeof SERVER_FIELDS)[number]) => (
    <FieldRow
      key={field.key}
      field={field}
      values={server}
      surroundings={surroundings}
      onChange={change}
    />
  );
  return (
    <section class={`card server-card series-${index + 1}`} aria-labelledby={id}>
      <header>
        <h3 id={id}>
          <span class="letter" aria-hidden="true">{letter}</span>
          {t("server.title", { letter })}
        </h3>
        <span class={`state state-${running?.state ?? "ended"}`}>{stateText(running)}</span>
      </header>
      <p class="row">
        <button
          type="button"
          class={isUp ? "" : "primary"}
          aria-disabled={isBusy}
          onClick={() => isBusy ? undefined : isUp ? stopServer(index) : startServer(index)}
        >
          {isUp ? t("server.stop") : t("server.start")}
        </button>
        <button type="button" class="quiet" disabled={isFull} onClick={() => addServer(server)}>
          {t("server.duplicate")}
        </button>
        {canRemove && !isUp && (
          <button
            type="button"
            class="quiet"
            onClick={() => removeServer(index)}
          >
            {t("server.remove")}
          </button>
        )}
      </p>
      {isStale && <p class="warning">{t("server.stale")}</p>}
      {failed && <p class="warning">{failed}</p>}
      {SERVER_FIELDS.filter(({ key }) => MAIN_FIELDS.has(key)).map(row)}
      <details
        open={areMoreOpen.value}
        onToggle={({ currentTarget }) => areMoreOpen.value = currentTarget.open}
      >
        <summary>{t("server.more")}</summary>
        {SERVER_FIELDS.filter(({ key }) => !MAIN_FIELDS.has(key)).map(row)}
      </details>
    </section>
  );
}

/** Servers that another page has started, or that the set-up no longer has. */
function OtherServers() {
  if (others.value.length === 0) return null;
  return (
    <section class="card" aria-labelledby="others-title">
      <h3 id="others-title">{t("others.title")}</h3>
      <ul class="plain">
        {others.value.map((server) => (
          <li key={server.id} class="row">
            <span>{server.setup.service}, {server.setup.model}: {stateText(server)}</span>
            <button type="button" onClick={() => stopOther(server.id)}>{t("server.stop")}</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Which servers loads run on: `A, B`. */
function loadedLetters(): string {
  return [...new Set(runningLoads.value.map(({ serverId }) => letterOf(serverId)))].sort().join(
    ", ",
  );
}

function LoadCard({ load, surroundings }: { load: LoadSetup; surroundings: Surroundings }) {
  const isRunning = runningLoads.value.length > 0;
  const isBusy = isLoadBusy.value;
  const hasServer = slots.value.some((id) => id !== null);
  return (
    <section class="card" aria-labelledby="load-title">
      <header>
        <h3 id="load-title">{t("load.title")}</h3>
        <span class={`state state-${isRunning ? "running" : "ended"}`}>
          {isRunning ? t("load.running", { letters: loadedLetters() }) : t("load.none")}
        </span>
      </header>
      <p class="row">
        <button
          type="button"
          class={isRunning || !hasServer ? "" : "primary"}
          aria-disabled={isBusy}
          onClick={() => isBusy ? undefined : isRunning ? stopLoad() : startLoad()}
        >
          {isRunning ? t("load.stop") : t("load.start")}
        </button>
      </p>
      {LOAD_FIELDS.map((field) => (
        <FieldRow
          key={field.key}
          field={field}
          values={load}
          surroundings={surroundings}
          onChange={changeLoad}
        />
      ))}
    </section>
  );
}
