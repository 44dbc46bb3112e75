/**
 * Metrics as text, in the format of OpenMetrics 1.0 or the older one of Prometheus (0.0.4). Pure.
 */

/** A sample: its labels and its value. */
export interface Sample {
  labels?: Readonly<Record<string, string>>;
  value: number;
}

/** A family of samples. Names follow the conventions: `ktcp_`, base units, no `_total`. */
export type Metric =
  & { name: string; help: string; unit?: "bytes" | "seconds" }
  & (
    | { type: "counter" | "gauge"; samples: readonly Sample[] }
    | {
      type: "histogram";
      /** Upper bounds of all buckets but the last one, ascending. */
      bounds: readonly number[];
      /** Events per bucket; one more than bounds, as the last bucket has no upper bound. */
      counts: readonly number[];
      sum: number;
    }
  );

/** The content type of the text. */
export const METRICS_TYPES = {
  open: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  plain: "text/plain; version=0.0.4; charset=utf-8",
};

/** Writes `metrics`. */
export function metricsText(
  metrics: readonly Metric[],
  format: keyof typeof METRICS_TYPES,
): string {
  const isOpen = format === "open";
  const lines: string[] = [];
  for (const metric of metrics) {
    const { name, type, help, unit } = metric;
    // In the older format a counter's family has the name of its samples.
    const family = type === "counter" && !isOpen ? `${name}_total` : name;
    lines.push(`# TYPE ${family} ${type}`);
    if (isOpen && unit !== undefined) lines.push(`# UNIT ${family} ${unit}`);
    lines.push(`# HELP ${family} ${escapeText(help)}`);
    if (metric.type === "histogram") lines.push(...histogram(metric));
    else {
      const sampled = type === "counter" ? `${name}_total` : name;
      for (const { labels, value } of metric.samples) lines.push(sample(sampled, labels, value));
    }
  }
  if (isOpen) lines.push("# EOF");
  return lines.join("\n") + "\n";
}

function histogram(
  { name, bounds, counts, sum }: Extract<Metric, { type: "histogram" }>,
): string[] {
  let count = 0;
  const buckets = counts.map((events, i) => {
    count += events;
    const le = i < bounds.length ? bound(bounds[i]) : "+Inf";
    return sample(`${name}_bucket`, { le }, count);
  });
  return [...buckets, sample(`${name}_sum`, {}, sum), sample(`${name}_count`, {}, count)];
}

/** OpenMetrics writes bounds as floating-point numbers: `1.0`. */
function bound(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function sample(name: string, labels: Sample["labels"] = {}, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeText(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
}

function escapeText(text: string): string {
  return text.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : "\\" + char);
}
