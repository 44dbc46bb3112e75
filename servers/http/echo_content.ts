/**
 * `--echo`: answers every known method with the request's own content.
 */
import type { Answer, HttpRequest, Resource } from "./resource.ts";

/** The resource that sends content back. */
export const echoContentResource: Resource = {
  allow: "GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE, PATCH",
  keepsContent: true,
  answer(request: HttpRequest): Answer {
    const type = request.field("content-type") ?? "application/octet-stream";
    return { status: 200, fields: [["Content-Type", type]], content: "request" };
  },
};
