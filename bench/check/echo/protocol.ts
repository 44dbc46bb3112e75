/** Echo as {@link Protocol}: every byte comes back as it was sent. */
import { latin1Bytes } from "../latin1.ts";
import type { Protocol } from "../protocol.ts";

/** The bytes of message `n`: its number, and a line end as `user-echo-server`'s clients send. */
function message(n: number): Uint8Array<ArrayBuffer> {
  return latin1Bytes(`message ${n} of ktcp\n`);
}

/** The echo protocol. */
export const ECHO: Protocol = {
  message,
  progress(received, first, count) {
    let at = 0;
    for (let n = first; n < first + count; n++) {
      for (const byte of message(n)) {
        if (at >= received.length) return "more";
        if (received[at] !== byte) {
          return received[at] === 0
            ? { why: `byte ${at} is NUL, which was not sent`, cause: "pads" }
            : { why: `byte ${at} differs from what was sent` };
        }
        at++;
      }
    }
    return at === received.length
      ? "done"
      : { why: `${received.length - at} bytes too many`, cause: "pads" };
  },
  partial: () => latin1Bytes("mess"),
  expected: "the same bytes, in the same order",
};
