/** Replays a case against a server and says what the server did wrong. */
import type { Cuts } from "../../bench/check/cuts.ts";
import type { Expectation, HttpCase, Service } from "../../bench/check/http/cases.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import { answerFaults } from "./http_judge.ts";
import { RawClient, sendSteps } from "../../bench/check/http/raw_client.ts";

/** What every service answers with 204: it proves that a connection is open and in step. */
const PROBE = latin1Bytes("OPTIONS * HTTP/1.1\r\nHost: probe\r\n\r\n");

export interface ReplayOptions {
  address: Deno.ConnectOptions;
  /** Which service listens there. */
  service: Service;
  /** Offsets at which a write ends. */
  cuts?: Cuts;
  /** Longest wait for one thing (20,000); more than the server's head, body and idle timeouts. */
  deadlineMs?: number;
}

/**
 * Sends a case on a new connection and judges what comes back.
 *
 * That a connection stays open, and in step, is proved by one more request that is answered with 204.
 * The cases whose outcome is a timeout need a server with short ones.
 *
 * @returns the faults, none when the server was right
 */
export async function replay(test: HttpCase, options: ReplayOptions): Promise<string[]> {
  const { address, service, cuts = [], deadlineMs = 20_000 } = options;
  const messages = test.events.filter((event) => "method" in event);
  const expected = awaited(test.expect[service]);
  const client = await RawClient.connect(address, messages.map(({ method }) => method));
  try {
    await sendSteps(client, test.steps, { cuts, deadlineMs });
    const count = expected.responses
      .filter(({ status, optional }) => !optional && status[0] >= 200).length;
    let outcome = expected.then === "open" || expected.then === "either"
      ? await client.untilFinals(count, deadlineMs)
      : await client.untilClosed(deadlineMs);
    if (expected.then === "open" && outcome.end === "open" && !outcome.fault) {
      await client.request("OPTIONS", PROBE);
      outcome = await client.untilFinals(count + 1, deadlineMs);
      expected.responses.push({ status: [204], optional: false, fields: {} });
    }
    const faults = answerFaults(expected, outcome, messages.map(({ minor }) => minor));
    return outcome.timedOut ? [`nothing more within ${deadlineMs} ms`, ...faults] : faults;
  } finally {
    await client.close();
  }
}

/** The expectation with the 408 of a timeout written out, in a copy. */
function awaited({ responses, then }: Expectation): Expectation {
  if (then !== "incomplete" && then !== "silent") return { responses: [...responses], then };
  const timeout = { status: [408], optional: then === "silent", fields: {} };
  return { responses: [...responses, timeout], then };
}
