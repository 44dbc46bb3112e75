/** A host of the playground without servers: it serves the real page, and frames that tests make. */
import { join } from "node:path";
import { type Frame, FRAME_MS, type Machine } from "../../../play/protocol.ts";
import { ROOT } from "../../../tools/shared/repository.ts";

const DIST = join(ROOT, "play/page/dist");

const TYPES: Record<string, string> = {
  "": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
};

const MACHINE: Machine = {
  version: "0.0.0",
  cpus: 2,
  os: "Linux",
  kernel: "6.12.0",
  engines: ["deno", "select", "poll", "epoll", "io_uring"],
  limits: { servers: 4, clients: 2000, ratePerSecond: 100_000, durationMs: 600_000 },
  tools: [],
};

/** As strict as the real host's. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** What a page is served from. */
export interface FakeHost extends AsyncDisposable {
  /** Of the page, with its token. */
  url: string;
}

/**
 * Serves the page. `history` comes at once, then a frame of `next` every `FRAME_MS` while the page listens.
 */
export function startFakeHost(
  { history, next }: { history: readonly Frame[]; next?: () => Frame },
): FakeHost {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const path = new URL(request.url).pathname.slice(1);
    if (path === "api/machine") return Response.json(MACHINE);
    if (path === "api/events") return events(history, next);
    if (!Object.hasOwn(TYPES, path)) return new Response(null, { status: 404 });
    const body = Deno.readTextFileSync(join(DIST, path || "index.html"));
    return new Response(body.replaceAll("@TOKEN@", "test"), {
      headers: { "content-type": TYPES[path], "content-security-policy": POLICY },
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/?token=test`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function events(history: readonly Frame[], next?: () => Frame): Response {
  const encoder = new TextEncoder();
  const encode = (frame: Frame) => encoder.encode(`data: ${JSON.stringify(frame)}\n\n`);
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const frame of history) controller.enqueue(encode(frame));
      if (next) timer = setInterval(() => controller.enqueue(encode(next())), FRAME_MS);
    },
    cancel() {
      clearInterval(timer);
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
