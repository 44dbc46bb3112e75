/** How the cases of an echo server are judged; `cases/*.json` names these procedures. */
import { fail, type Outcome, pass } from "../case.ts";
import { everyByte } from "../cuts.ts";
import type { Parameters, Procedure } from "../data_case.ts";
import { escapeBytes } from "../escape.ts";
import { latin1Bytes } from "../latin1.ts";
import { Peer } from "../peer.ts";
import type { Target } from "../target.ts";

/** How long nothing more may come after a right answer, to notice bytes that are too many. */
const QUIET_MS = 50;

/** The bytes of parameters `text` and `times` (1). */
function bytesOf({ text, times = 1 }: Parameters): Uint8Array<ArrayBuffer> {
  return latin1Bytes(String(text).repeat(Number(times)));
}

/** Sends bytes and compares what comes back, byte by byte. */
async function exchange(target: Target, parameters: Parameters): Promise<Outcome> {
  const bytes = bytesOf(parameters);
  const cuts = parameters.cut === "every" ? everyByte(bytes.length) : [];
  using peer = await Peer.connect(target.address, target);
  const sending = peer.send(bytes, cuts, Number(parameters.pauseMs ?? 0));
  const inTime = await peer.until(() => peer.count >= bytes.length, target.timeoutMs);
  await sending;
  await peer.until(() => peer.count > bytes.length, QUIET_MS);
  const { received } = peer;
  const shown = {
    sent: escapeBytes(bytes, cuts),
    received: escapeBytes(received),
    expected: `the same ${bytes.length} bytes`,
  };
  const at = received.findIndex((byte, i) => byte !== bytes[i]);
  if (at !== -1 && at < bytes.length) return fail(`byte ${at} of the answer differs`, shown);
  if (peer.count > bytes.length) {
    return fail(`${peer.count} bytes came for ${bytes.length}`, { ...shown, cause: "pads" });
  }
  if (peer.count === bytes.length) return pass(`${bytes.length} bytes came back`);
  const what = inTime ? `the connection was ${peer.end} after` : "nothing more came after";
  return fail(`${what} ${peer.count} of ${bytes.length} bytes`, shown);
}

/** All procedures by name. */
export const ECHO_PROCEDURES: Readonly<Record<string, Procedure>> = {
  exchange: { maxMs: (timeoutMs) => timeoutMs + QUIET_MS, run: exchange },
};
