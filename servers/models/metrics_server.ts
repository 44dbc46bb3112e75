/** `--metrics`: a server's metrics for Prometheus, on a port of their own. */
import { sumCounters } from "../net/counters.ts";
import { type Metric, METRICS_TYPES, metricsText } from "../http/open_metrics.ts";
import { DURATION_BOUNDS_US, readFigures } from "../http/request_figures.ts";
import { type Answer, type HttpRequest, type Resource, textAnswer } from "../http/resource.ts";
import type { RunningServer } from "./running_server.ts";
import type { ThreadSample } from "./server_sample.ts";
import type { SideAddress } from "./options.ts";
import { serveBeside, type SideServer } from "./side_server.ts";

/** Most connections to it at once: a few scrapers, and a person with a browser. */
const MAX_CONNECTIONS = 64;

/** The server that is measured. */
export interface Measured {
  server: Pick<RunningServer, "observe">;
  /** The memory in which its requests are counted. */
  figures: SharedArrayBuffer;
  maxConnections: number;
  version: string;
  /**
   * Connections that wait to be accepted, and the most that may wait; `undefined` where it is
   * unknown.
   */
  acceptQueue(): { length: number; limit: number } | undefined;
}

/** A running server of metrics. */
export interface MetricsServer extends SideServer {
  /** Reports the measured server as not ready from now on. */
  drain(): void;
}

/**
 * Starts to listen.
 *
 * @throws {SideServerError} when the address cannot be bound
 */
export function serveMetrics(measured: Measured, at: SideAddress): MetricsServer {
  const resource = new MetricsResource(measured);
  const server = serveBeside(resource, {
    option: "--metrics",
    at,
    maxConnections: MAX_CONNECTIONS,
  });
  return { ...server, drain: () => resource.isDraining = true };
}

class MetricsResource implements Resource {
  readonly allow = "GET, HEAD";
  readonly keepsContent = false;
  isDraining = false;
  readonly #measured: Measured;
  readonly #startMs = Date.now();

  constructor(measured: Measured) {
    this.#measured = measured;
  }

  answer(request: HttpRequest): Answer | Promise<Answer> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return textAnswer(405, `${request.method} is not allowed here`, [["Allow", this.allow]]);
    }
    switch (request.target.replace(/\?.*/s, "")) {
      case "/metrics":
        return this.#metrics(request);
      case "/healthz":
        return textAnswer(200, "ok");
      case "/readyz":
        return this.#readiness();
    }
    return textAnswer(404, "There are /metrics, /healthz and /readyz");
  }

  async #readiness(): Promise<Answer> {
    if (this.isDraining) return textAnswer(503, "draining");
    const { threads } = await this.#measured.server.observe();
    const { open } = sumCounters(threads.flatMap(({ counters }) => counters ?? []));
    return open >= this.#measured.maxConnections
      ? textAnswer(503, "at --max-connections: others wait in the accept queue")
      : textAnswer(200, "ok");
  }

  async #metrics(request: HttpRequest): Promise<Answer> {
    const accepts = request.field("accept") ?? "";
    const format = accepts.includes("application/openmetrics-text") ? "open" : "plain";
    const { threads } = await this.#measured.server.observe();
    const text = metricsText(metricsOf(this.#measured, threads, this.#startMs), format);
    return {
      status: 200,
      fields: [["Content-Type", METRICS_TYPES[format]], ["Cache-Control", "no-store"]],
      content: new TextEncoder().encode(text),
    };
  }
}

/** All metrics. */
function metricsOf(
  { figures, maxConnections, version, acceptQueue }: Measured,
  threads: readonly ThreadSample[],
  startMs: number,
): Metric[] {
  const counters = sumCounters(threads.flatMap(({ counters }) => counters ?? []));
  const totals = readFigures(figures);
  const queue = acceptQueue();
  const works = threads.flatMap(({ name, work }) => work === undefined ? [] : [{ name, work }]);
  const one = (value: number) => [{ value }];
  const counter = (name: string, help: string, value: number, unit?: "bytes"): Metric => ({
    name: `ktcp_${name}`,
    type: "counter",
    help,
    unit,
    samples: one(value),
  });
  const gauge = (name: string, help: string, value: number, unit?: "seconds"): Metric => ({
    name: `ktcp_${name}`,
    type: "gauge",
    help,
    unit,
    samples: one(value),
  });
  return [
    {
      name: "ktcp_build_info",
      type: "gauge",
      help: "The version that is running.",
      samples: [{ labels: { version }, value: 1 }],
    },
    gauge(
      "start_time_seconds",
      "When the server began to listen, in seconds since 1970.",
      startMs / 1000,
      "seconds",
    ),
    counter("connections", "Connections accepted.", counters.connections),
    gauge("open_connections", "Connections that are open.", counters.open),
    gauge("max_connections", "Connections that may be open at once.", maxConnections),
    counter("connection_resets", "Connections ended by a reset or a failure.", counters.resets),
    counter("timeouts", "Connections closed by a timeout.", counters.timeouts),
    counter(
      "overloads",
      "Connections refused or cut off for lack of memory, threads or descriptors.",
      counters.overloads,
    ),
    counter("received_bytes", "Bytes received, heads included.", counters.bytesIn, "bytes"),
    counter("sent_bytes", "Bytes sent, heads included.", counters.bytesOut, "bytes"),
    ...(queue === undefined ? [] : [
      gauge("accept_queue_connections", "Connections that wait to be accepted.", queue.length),
      gauge("accept_queue_limit", "Connections that may wait.", queue.limit),
    ]),
    {
      name: "ktcp_requests",
      type: "counter",
      help: "Requests answered, by method and class of status.",
      samples: totals.requests.map(({ method, status, count }) => ({
        labels: { method, status },
        value: count,
      })),
    },
    {
      name: "ktcp_request_duration_seconds",
      type: "histogram",
      unit: "seconds",
      help:
        "Time from a request's complete head to its answer; answers kept by the core count as 0.",
      bounds: DURATION_BOUNDS_US.map((us) => us / 1e6),
      counts: totals.durations,
      sum: totals.durationSumUs / 1e6,
    },
    {
      name: "ktcp_refused_requests",
      type: "counter",
      help: "Requests that were refused as malformed, too large, too slow or too many.",
      samples: totals.faults.map(({ reason, count }) => ({
        labels: { reason: labelOf(reason) },
        value: count,
      })),
    },
    {
      name: "ktcp_cache_hits",
      type: "counter",
      help: "Answers from memory: repeated by the core, or known to the memo of answers.",
      samples: [
        { labels: { cache: "core" }, value: totals.keptHits },
        { labels: { cache: "memo" }, value: totals.memoHits },
      ],
    },
    counter("cache_misses", "Repeatable answers that had to be planned anew.", totals.misses),
    gauge(
      "workers",
      "Threads that serve.",
      Math.max(1, threads.length - (works.length > 0 ? 1 : 0)),
    ),
    ...(works.length === 0 ? [] : [
      counter("work_items", "Items that Workers ran.", sum(works.map(({ work }) => work.items))),
      counter(
        "worker_crashes",
        "Workers that crashed.",
        sum(works.map(({ work }) => work.crashes)),
      ),
    ]),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** Turns a sentence into the value of a label: `content_length_is_repeated`. */
function labelOf(reason: string): string {
  return reason.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_|_$/g, "");
}
