/** Records the latencies it is sent, and posts the histogram back. */
import { LatencyHistogram } from "../../../bench/stats/histogram.ts";

const port = self as unknown as Worker;

port.onmessage = (event: MessageEvent<number[]>) => {
  const histogram = new LatencyHistogram();
  event.data.forEach((us) => histogram.record(us));
  const encoded = histogram.encode();
  port.postMessage(encoded, [encoded.buffer]);
};
