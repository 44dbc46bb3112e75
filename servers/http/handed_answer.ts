/**
 * Answers on their way from the thread that made them to the thread that has the socket, as plain
 * data. Bytes go into the connection's blocks, which are resident already and so cost only the
 * copy. When blocks run short, because many peers are slow, bytes go into separate shared memory
 * instead: one copy for all connections, kept as long as the original bytes.
 */
import type { Core } from "../../core/mod.ts";
import type { Answer, Attached, DetachedContent, HttpRequest, Resource } from "./resource.ts";
import { SpooledContent } from "./content_sender.ts";

/** An answer as plain data. */
export interface HandedAnswer extends Pick<Answer, "status" | "fields" | "length"> {
  /** `"spool"`: the content is in the connection's blocks. */
  content: "spool" | Uint8Array<SharedArrayBuffer> | { detached: DetachedContent };
}

/** The connection that gets the answer. */
interface Place {
  core: Core;
  conn: number;
}

/** Copies in shared memory, kept as long as their originals are. */
const copies = new WeakMap<ArrayBufferLike, SharedArrayBuffer>();

/** `bytes` in shared memory, copied once. */
function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const { buffer, byteOffset, length } = bytes;
  let copy = copies.get(buffer);
  if (copy === undefined) {
    copy = new SharedArrayBuffer(buffer.byteLength);
    new Uint8Array(copy).set(new Uint8Array(buffer));
    copies.set(buffer, copy);
  }
  return new Uint8Array(copy, byteOffset, length);
}

/**
 * Turns `answer`, whose content is streamed or bytes, into plain data; releases what its content
 * holds.
 */
export async function portableAnswer(
  answer: Answer,
  { core, conn }: Place,
): Promise<HandedAnswer> {
  const { status, fields, length, content } = answer;
  if (content instanceof Uint8Array) {
    if (!core.hasRoomForOutput) return { status, fields, content: shared(content) };
    core.spoolBytes(conn, content);
    return { status, fields, length: content.length, content: "spool" };
  }
  if (typeof content !== "object") throw new TypeError("The answer has no content to hand over");
  try {
    return { status, fields, length, content: { detached: await content.detach!() } };
  } finally {
    content.cancel();
  }
}

/**
 * The answer that `handed` was made from.
 *
 * @param resource an instance of the resource that made it
 * @returns `undefined` when its content has changed
 */
export function receivedAnswer(
  handed: HandedAnswer,
  { core, conn, resource, request }: Place & { resource: Resource; request: HttpRequest },
): Answer | undefined | Promise<Answer | undefined> {
  const { content } = handed;
  if (content === "spool") return { ...handed, content: new SpooledContent(core, conn) };
  if (content instanceof Uint8Array) return { ...handed, content };
  const whole = (attached: Attached) =>
    attached === undefined || "status" in attached ? attached : { ...handed, content: attached };
  const attached = resource.attach!(content.detached, request);
  return attached instanceof Promise ? attached.then(whole) : whole(attached);
}
