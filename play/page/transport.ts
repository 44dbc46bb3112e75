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

/** The host refused a request; the message is the host's. */
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
  throw new RefusedError(await refusalOf(response) ?? `${method} ${path}: ${response.status}`);
}

/** Why the host refuses, in its words; undefined where it says nothing. */
async function refusalOf(response: Response): Promise<string | undefined> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as Partial<Refusal>).error;
  } catch {
    // Without a token, the refusal is a line of plain text.
    return text.trim() || undefined;
  }
}

/** How long the host may take to say why it refuses, in ms. */
const REASON_MS = 5000;

/** Why the host sends no events; undefined if it does, or does not answer. */
async function whyNoEvents(): Promise<string | undefined> {
  const given = new AbortController();
  try {
    const response = await fetch(urlOf("/api/events"), {
      signal: AbortSignal.any([given.signal, AbortSignal.timeout(REASON_MS)]),
    });
    return response.ok ? undefined : await refusalOf(response);
  } catch {
    return undefined;
  } finally {
    given.abort();
  }
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

/** Receives frames and the state of the connection. */
export interface EventsListener {
  onFrame(frame: Frame): void;
  onLink(link: Link): void;
  /** The host refuses to send frames; called once for each reason. They are asked for again. */
  onRefused(why: string): void;
}

/** How an interrupted stream of events is tried again. */
export interface Patience {
  /** How long to wait before each attempt, in ms. */
  retryMs: number;
  /** How long attempts may fail before the host counts as ended, in ms. */
  endedAfterMs: number;
}

const PATIENCE: Patience = { retryMs: 1000, endedAfterMs: 15_000 };

/**
 * Follows the host's frames. When the connection breaks, it is tried again every second; after 15 s
 * without success the host counts as ended, unless it answers with a refusal.
 *
 * @returns a function that ends this
 */
export function followEvents(
  { onFrame, onLink, onRefused }: EventsListener,
  { retryMs, endedAfterMs } = PATIENCE,
): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lostAtMs: number | undefined;
  let refused: string | undefined;
  let hasEnded = false;
  const connect = () => {
    let isOpen = false;
    source = new EventSource(urlOf("/api/events"));
    source.onopen = () => {
      isOpen = true;
      lostAtMs = refused = undefined;
      onLink("open");
    };
    source.onmessage = ({ data }) => onFrame(JSON.parse(data));
    source.onerror = async () => {
      // Closed, because the pauses of its own attempts differ between browsers.
      source!.close();
      const why = isOpen ? undefined : await whyNoEvents();
      if (hasEnded) return;
      if (why === undefined) lostAtMs ??= performance.now();
      else {
        // A host that refuses has not ended.
        lostAtMs = undefined;
        if (why !== refused) onRefused(why);
        refused = why;
      }
      if (lostAtMs !== undefined && performance.now() - lostAtMs > endedAfterMs) {
        return onLink("ended");
      }
      onLink("lost");
      timer = setTimeout(connect, retryMs);
    };
  };
  connect();
  return () => {
    hasEnded = true;
    clearTimeout(timer);
    source?.close();
  };
}
