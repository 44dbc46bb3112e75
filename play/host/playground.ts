/** The resource behind the page: `play/protocol.ts` describes its requests and answers. */
import type { Answer, HttpRequest, Resource } from "../../servers/mod.ts";
import type { Machine } from "../protocol.ts";
import { readGlassRequest, readLoadStart, readServerSetup, SetupError } from "../setup.ts";
import type { Gate } from "./access.ts";
import {
  contentAnswer,
  forbiddenAnswer,
  jsonAnswer,
  protectedAnswer,
  refusalAnswer,
} from "./answers.ts";
import type { Audience } from "./audience.ts";
import { StartError } from "./children.ts";
import { GlassError } from "./glass.ts";
import type { PageFiles } from "./page_files.ts";
import { type Session, UnknownIdError } from "./session.ts";

/** The most bytes of a request's content: a set-up is short, a recording holds minutes of frames. */
const MAX_SETUP_BYTES = 65_536;
export const MAX_RECORDING_BYTES = 64 << 20;

/**
 * The most pages at once. A browser opens six connections to a host for all of its tabs: the event
 * streams of six pages would leave none for requests that stop something.
 */
const MAX_PAGES = 4;

/** A request, parsed. */
interface Asked {
  method: string;
  /** Without its query. */
  path: string;
  /** The content as JSON. @throws {SetupError} when it is not JSON */
  json(): unknown;
}

/** What answers a path, by method. `*` at the end of a path stands for a name. */
type Route = Record<string, (asked: Asked, name: string) => Answer | Promise<Answer>>;

/** What the resource needs. */
export interface PlaygroundParts {
  page: PageFiles;
  wasm: Uint8Array<ArrayBuffer>;
  token: string;
  session: Session;
  audience: Audience;
  machine: Machine;
  /** Makes the HTML report of a recording. @throws {SetupError} when it is not a recording */
  report(recording: unknown): Promise<string>;
}

/** All that the page asks for. */
export class Playground implements Resource {
  readonly allow = "GET, HEAD, POST, DELETE";
  readonly keepsContent = false;
  readonly readsContent = true;
  /** Set before the first request comes. */
  gate: Gate | undefined;
  readonly #routes: Readonly<Record<string, Route>>;

  constructor(parts: PlaygroundParts) {
    this.#routes = { ...pageRoutes(parts), ...apiRoutes(parts) };
  }

  guard(request: HttpRequest): Answer | undefined {
    const refusal = this.gate?.admits(request) ? contentRefusal(request) : forbiddenAnswer();
    return refusal && protectedAnswer(refusal);
  }

  refuse(_request: HttpRequest, status: number, reason: string): Answer {
    return protectedAnswer(refusalAnswer(status, reason));
  }

  async answer(request: HttpRequest, content: Uint8Array<ArrayBuffer>): Promise<Answer> {
    const asked = {
      method: request.method,
      path: pathOf(request),
      json: () => parseJson(content),
    };
    try {
      return protectedAnswer(await this.#answer(asked));
    } catch (error) {
      return protectedAnswer(failureAnswer(error));
    }
  }

  #answer(asked: Asked): Answer | Promise<Answer> {
    const { method, path } = asked;
    const slash = path.lastIndexOf("/") + 1;
    const route = this.#routes[path] ?? this.#routes[`${path.slice(0, slash)}*`];
    if (route === undefined) return refusalAnswer(404, `There is no '${path}' here`);
    const answer = route[method];
    if (answer !== undefined) return answer(asked, path.slice(slash));
    const allow = Object.keys(route).join(", ");
    const why = `${method} is not possible for '${path}'; use ${allow}`;
    return refusalAnswer(405, why, [["Allow", allow]]);
  }
}

/** What the page loads. */
function pageRoutes({ page, wasm, token }: PlaygroundParts): Record<string, Route> {
  const file = (type: string, content: string | Uint8Array<ArrayBuffer>): Route => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const get = (): Answer => ({ status: 200, fields: [["Content-Type", type]], content: bytes });
    return { GET: get, HEAD: get };
  };
  return {
    "/": file("text/html; charset=utf-8", page.html.replaceAll("@TOKEN@", token)),
    "/page.js": file("text/javascript; charset=utf-8", page.js),
    "/page.css": file("text/css; charset=utf-8", page.css),
    "/core.wasm": file("application/wasm", wasm),
  };
}

/** What the page asks and tells the host. */
function apiRoutes(
  { session, audience, machine, report }: PlaygroundParts,
): Record<string, Route> {
  const done: Answer = { status: 204, fields: [], content: undefined };
  return {
    "/api/machine": { GET: () => jsonAnswer(machine) },
    "/api/events": {
      GET: () =>
        audience.size < MAX_PAGES
          ? audience.join()
          : refusalAnswer(503, `${MAX_PAGES} pages are open already; close some`),
    },
    "/api/servers": {
      POST: async ({ json }) => {
        const setup = readServerSetup(json(), machine.cpus);
        return jsonAnswer({ id: await session.startServer(setup) }, 201);
      },
    },
    "/api/servers/*": {
      DELETE: async (_asked, id) => {
        await session.stopServer(id);
        return done;
      },
    },
    "/api/loads": {
      POST: ({ json }) => jsonAnswer({ ids: session.startLoad(readLoadStart(json())) }, 201),
    },
    "/api/loads/*": {
      GET: (_asked, id) => jsonAnswer(session.result(id)),
      DELETE: async (_asked, id) => {
        await session.stopLoad(id);
        return done;
      },
    },
    "/api/glass": {
      POST: async ({ json }) =>
        jsonAnswer(await session.glass(readGlassRequest(json(), machine.cpus))),
    },
    "/api/report": {
      POST: async ({ json }) => contentAnswer("text/html; charset=utf-8", await report(json())),
    },
  };
}

function pathOf({ target }: Pick<HttpRequest, "target">): string {
  return target.split("?", 1)[0];
}

/** The answer to a request whose content is not received; undefined when it is. */
function contentRefusal(request: HttpRequest): Answer | undefined {
  if (request.method === "POST") {
    const type = request.field("content-type") ?? "";
    if (!/^application\/json(?:;|$)/i.test(type)) {
      return refusalAnswer(415, `The content is '${type.slice(0, 40)}'; send application/json`);
    }
  }
  if (request.field("transfer-encoding") !== undefined) {
    return refusalAnswer(411, "The content is chunked; send it with Content-Length");
  }
  const length = Number(request.field("content-length") ?? 0);
  const most = pathOf(request) === "/api/report" ? MAX_RECORDING_BYTES : MAX_SETUP_BYTES;
  if (length <= most) return undefined;
  return refusalAnswer(413, `The content has ${length} bytes; at most ${most} are accepted here`);
}

function parseJson(content: Uint8Array<ArrayBuffer>): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    throw new SetupError("The content is not JSON");
  }
}

/** The answer to a request that failed. @throws what is a bug */
function failureAnswer(error: unknown): Answer {
  if (error instanceof SetupError || error instanceof GlassError) {
    return refusalAnswer(400, error.message);
  }
  if (error instanceof UnknownIdError) return refusalAnswer(404, error.message);
  if (error instanceof StartError) return refusalAnswer(409, error.message);
  throw error;
}
