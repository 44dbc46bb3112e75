/** `--http-redirect`: redirects each http request to the same location over https. Pure. */
import { type Answer, type HttpRequest, type Resource, textAnswer } from "./resource.ts";

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i;

/** A host as a URL may have it, with the port that the client connected to. */
const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d*)?$/i;

const HTTPS_PORT = 443;

/** Redirects to the server that listens for TLS on `port`. */
export class HttpsRedirect implements Resource {
  readonly allow = "GET, HEAD, OPTIONS";
  readonly keepsContent = false;
  readonly #port: string;

  constructor(port: number) {
    this.#port = port === HTTPS_PORT ? "" : `:${port}`;
  }

  answer(request: HttpRequest): Answer {
    const { method, target } = request;
    const absolute = ABSOLUTE_FORM.exec(target);
    const path = absolute === null ? target : target.slice(absolute[0].length);
    const [, host] = HOST.exec(absolute?.[1] ?? request.field("host") ?? "") ?? [];
    if (host === undefined || !/^[\x21-\x7e]*$/.test(path)) {
      return textAnswer(400, "This server is at https://, and the request names no host");
    }
    const location = `https://${host}${this.#port}${path.startsWith("/") ? path : `/${path}`}`;
    // 308 keeps the method and the content.
    const status = method === "GET" || method === "HEAD" ? 301 : 308;
    return textAnswer(status, location, [["Location", location]]);
  }
}
