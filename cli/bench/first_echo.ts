/** Tries one echo before the load, so that a wrong server is reported at once. */
import { MAX_PROBE_BYTES, probeEcho, type ProbeVerdict } from "../../bench/echo/probe.ts";
import { type Address, formatAddress } from "../../system/address.ts";
import { formatCount } from "../../system/units.ts";
import { Failure, UsageError } from "../shared/failure.ts";

/** What the first echo depends on. */
export interface FirstEchoOptions {
  sizeBytes: number;
  text?: Uint8Array;
  timeoutMs: number;
  /** Whether bytes after each echo are accepted. */
  acceptsPadding: boolean;
}

/**
 * Sends one message to the server at `target`.
 *
 * @returns how many bytes follow each echo: 0, unless they are accepted
 * @throws {Failure} when it cannot be reached, does not echo, or sends more than it was sent
 * @throws {UsageError} when the messages are too long for padding to be detected
 */
export async function tryFirstEcho(target: Address, options: FirstEchoOptions): Promise<number> {
  const { acceptsPadding, text, sizeBytes } = options;
  const messageBytes = text?.length ?? sizeBytes;
  if (acceptsPadding && messageBytes > MAX_PROBE_BYTES) {
    throw new UsageError(`--accept-padding takes messages of at most ${MAX_PROBE_BYTES} bytes`);
  }
  const verdict = await probeEcho(target, options);
  const where = formatAddress(target);
  switch (verdict.kind) {
    case "unreachable":
      throw new Failure(`Cannot connect to ${where}: ${verdict.reason}`);
    case "other":
      throw new Failure(
        `The server on ${where} does not echo (it answered ${verdict.answer}); name one that does ` +
          `with --host and --port, or start one with 'ktcp echo'`,
      );
    case "padded":
      if (acceptsPadding) return verdict.answerBytes - messageBytes;
      throw new Failure(`The server on ${where} ${paddingText(verdict, messageBytes)}`);
    default:
      return 0;
  }
}

/** What a server that pads does, and what to do about it. */
function paddingText(
  { answerBytes, isFixed, isRepeated }: Extract<ProbeVerdict, { kind: "padded" }>,
  messageBytes: number,
): string {
  const accept = "--accept-padding, which does not compare what follows the echo";
  if (isFixed) {
    return `always answers ${
      formatCount(answerBytes)
    } bytes: try --size ${answerBytes}, or ${accept}`;
  }
  if (isRepeated) return `sends each message ${answerBytes / messageBytes} times: try ${accept}`;
  const more = formatCount(answerBytes - messageBytes);
  return `sends ${more} bytes more than it is sent: try ${accept}`;
}
