/**
 * HTTP as {@link Protocol}: a GET of the URL, whose answer must be well-formed and not a server
 * error.
 */
import type { HttpUrl } from "../../http/target.ts";
import { latin1Bytes } from "../latin1.ts";
import type { Protocol } from "../protocol.ts";
import { causeOfFault, isInterim, ResponseFault, ResponseReader } from "./response_reader.ts";

/** The exchanges with the server of `url`. */
export function httpProtocol(
  { authority, target }: Pick<HttpUrl, "authority" | "target">,
): Protocol {
  const request = latin1Bytes(`GET ${target} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  return {
    message: () => request,
    progress(received, _first, count) {
      try {
        const finals = new ResponseReader().push(received).filter((one) => !isInterim(one));
        if (finals.length > count) {
          return {
            why: `${finals.length} responses to ${count} requests`,
            cause: "extra-response",
          };
        }
        const wrong = finals.find(({ status }) => status === 400 || status >= 500);
        if (wrong) return { why: `status ${wrong.status} for a good request` };
        return finals.length === count ? "done" : "more";
      } catch (error) {
        if (error instanceof ResponseFault) {
          return {
            why: `malformed response: ${error.message}`,
            cause: causeOfFault(error.message),
          };
        }
        throw error;
      }
    },
    partial: () => request.slice(0, request.length >> 1),
    watch() {
      const reader = new ResponseReader();
      let isFaulty = false;
      return {
        push(received) {
          try {
            reader.push(received);
          } catch {
            isFaulty = true;
          }
        },
        isWhole: () => !isFaulty && reader.pending === "",
      };
    },
    expected: "a final response to each request, in order",
  };
}
