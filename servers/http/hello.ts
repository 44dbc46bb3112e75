/**
 * Hello World, as in khttpd: the same text for every GET, whatever its path.
 */
import { type Answer, type HttpRequest, type Resource, textAnswer } from "./resource.ts";

const HELLO: Answer = {
  status: 200,
  fields: [["Content-Type", "text/plain"]],
  content: new TextEncoder().encode("Hello World!\n"),
};

/** The resource that answers `Hello World!`. */
export const helloResource: Resource = {
  allow: "GET, HEAD",
  keepsContent: false,
  canned: HELLO,
  answer(request: HttpRequest): Answer {
    if (request.method === "GET" || request.method === "HEAD") return HELLO;
    return textAnswer(405, `${request.method} is not allowed here`, [["Allow", this.allow]]);
  },
};
