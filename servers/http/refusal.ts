/** Requests that do not get as far as the resource. */
import { type Core, Flag, Method } from "../../core/mod.ts";
import { type Answer, type HttpRequest, type Resource, textAnswer } from "./resource.ts";

/**
 * The answer to the request on `conn` that it earns whatever the resource holds: strangers, unknown
 * expectations and methods, and the target `*`.
 *
 * @returns `undefined` when it is for the resource to answer
 */
export function refusalOf(
  core: Core,
  conn: number,
  { resource, request }: { resource: Resource; request: HttpRequest },
): Answer | undefined {
  const method = core.method(conn);
  const flags = core.flags(conn);
  const stranger = resource.guard?.(request);
  if (stranger !== undefined) return stranger;
  if ((flags & Flag.ExpectOther) !== 0) return textAnswer(417, "This expectation is not known");
  if (method === Method.Unknown || method === Method.Connect) {
    return textAnswer(501, "This method is not implemented");
  }
  if ((flags & Flag.AsteriskForm) === 0) return undefined;
  if (method === Method.Options) {
    return { status: 204, fields: [["Allow", resource.allow]], content: undefined };
  }
  return textAnswer(400, "The target * is for OPTIONS");
}
