/** Requests to the host, each with the token of the page's address. */
import type {
  Frame,
  GlassRequest,
  GlassTrace,
  LoadResult,
  LoadStart,
  Machine,
  Recording,
  Refusal,
  ServerSetup,
} from "../protocol.ts";
import type { Link } from "./store.ts";

/** Requests that the host refused, with its words. */
export class RefusedError extends Error {
  override name = "RefusedError";
}

/** What the page asks of its host. */
export interface Host {
  machine(): Promise<Machine>;
  startServer(setup: ServerSetup): Promise<string>;
  stopServer(id: string): Promise<void>;
  /** @returns an id for each server */
  startLoad(start: LoadStart): Promise<string[]>;
  stopLoad(id: string): Promise<void>;
  /** The whole result of a load that has ended. */
  loadResult(id: string): Promise<LoadResult>;
  glass(request: GlassRequest): Promise<GlassTrace[]>;
  /** @returns the report, HTML */
  report(recording: Recording): Promise<string>;
}

/** The token that `ktcp play` printed with the address. */
function token(): string {
  return new URLSearchParams(location.search).get("token") ?? "";
}

function urlOf(path: string): string {
  return `${path}?token=${encodeURIComponent(token())}`;
}

/**
 * @throws {RefusedError} with the host's words when it refuses
 * @throws {TypeError} when the host cannot be reached
 */
async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const response = await fetch(urlOf(path), {
    method,
    ...(body === undefined ? {} : {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    }),
  });
  if (response.ok) return response;
  const text = await response.text();
  let refusal: Partial<Refusal> = {};
  try {
    refusal = JSON.parse(text);
  } catch {
    // Something else answered, in its own words.
  }
  throw new RefusedError(refusal.error ?? `${method} ${path}: ${response.status} ${text}`);
}

/** The host over HTTP. */
export const httpHost: Host = {
  machine: async () => await (await ask("GET", "/api/machine")).json(),
  startServer: async (setup) => (await (await ask("POST", "/api/servers", setup)).json()).id,
  stopServer: async (id) => void await ask("DELETE", `/api/servers/${encodeURIComponent(id)}`),
  startLoad: async (start) => (await (await ask("POST", "/api/loads", start)).json()).ids,
  stopLoad: async (id) => void await ask("DELETE", `/api/loads/${encodeURIComponent(id)}`),
  loadResult: async (id) => await (await ask("GET", `/api/loads/${encodeURIComponent(id)}`)).json(),
  glass: async (request) => await (await ask("POST", "/api/glass", request)).json(),
  report: async (recording) => await (await ask("POST", "/api/report", recording)).text(),
};

/** Who is told of frames and of how it stands with the host. */
export interface EventsListener {
  onFrame(frame: Frame): void;
  onLink(link: Link): void;
}

/** How events that have broken off are tried again. */
export interface Patience {
  /** How long to wait before each attempt, in ms. */
  retryMs: number;
  /** After so long in vain the host counts as ended, in ms. */
  endedAfterMs: number;
}

const PATIENCE: Patience = { retryMs: 1000, endedAfterMs: 15_000 };

/**
 * Follows the host's frames. When the connection breaks, it is tried again each second; after 15 s
 * in vain the host counts as ended.
 *
 * @returns ends it
 */
export function followEvents(
  { onFrame, onLink }: EventsListener,
  { retryMs, endedAfterMs } = PATIENCE,
): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lostAtMs: number | undefined;
  const connect = () => {
    source = new EventSource(urlOf("/api/events"));
    source.onopen = () => {
      lostAtMs = undefined;
      onLink("open");
    };
    source.onmessage = ({ data }) => onFrame(JSON.parse(data));
    source.onerror = () => {
      // Its own attempts have pauses that differ between browsers: these have one that is known.
      source!.close();
      lostAtMs ??= performance.now();
      if (performance.now() - lostAtMs > endedAfterMs) return onLink("ended");
      onLink("lost");
      timer = setTimeout(connect, retryMs);
    };
  };
  connect();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
