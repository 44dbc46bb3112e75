/** Raw samples as CSV (RFC 4180, with LF), and the two columns of the original's bench.txt. */
import type { ClientRecord, EchoSample, RequestSample } from "../result.ts";

/** First line of `bench --csv`. */
export const BENCH_CSV_HEADER = "client,round,seq,connect_us,echo_us,result";

/** First line of `htstress --csv`. */
export const HTSTRESS_CSV_HEADER =
  "thread,seq,start_us,connect_us,ttfb_us,latency_us,status,result";

/** A line of `bench --csv`, without its newline. */
export function echoCsv(sample: EchoSample): string {
  const { client, round, seq, connectUs, echoUs, result } = sample;
  return `${client},${round},${seq},${us(connectUs)},${us(echoUs)},${result}`;
}

/** A line of `htstress --csv`, without its newline. */
export function requestCsv(sample: RequestSample): string {
  const { thread, seq, startUs, connectUs, ttfbUs, latencyUs, status, result } = sample;
  const times = [startUs, connectUs, ttfbUs, latencyUs].map(us).join(",");
  return `${thread},${seq},${times},${status ?? ""},${result}`;
}

/**
 * The text of `bench.txt`: client index and mean echo latency in microseconds, by client. A client
 * whose echoes all failed has no mean and no line.
 */
export function benchTxt(clients: ClientRecord[]): string {
  return clients
    .toSorted((a, b) => a.index - b.index)
    .filter((client) => client.meanUs !== null)
    .map((client) => `${client.index} ${client.meanUs!.toFixed(2)}\n`)
    .join("");
}

/** Microseconds with two decimals, the resolution of the clock; empty for null. */
function us(value: number | null): string {
  return value === null ? "" : value.toFixed(2);
}
