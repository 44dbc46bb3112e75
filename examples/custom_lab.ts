/**
 * A lab of your own: what do more connections gain?
 *
 *     ktcp lab ./custom_lab.ts --quick
 *
 * It imports only types, so that it also runs with the executable.
 */
import type { CustomLab, LabTools } from "@ktcp/ktcp/lab";

const CONNECTIONS = [1, 8, 64];

export default (
  { measure, httpSample, withServers, finding, noiseFinding }: LabTools,
): CustomLab => ({
  name: "connections",
  question: "What do more connections gain?",
  run: (context) =>
    withServers([context.host.start("http", ["--model", "single"])], async ([server]) => {
      const durationMs = context.isQuick ? 200 : 1000;
      const variants = await measure(
        CONNECTIONS.map((concurrency) => ({
          group: "http",
          label: `${concurrency} connections`,
          run: () =>
            httpSample(server, {
              concurrency,
              isKeepAlive: true,
              durationMs,
              signal: context.signal,
            }),
        })),
        context,
      );
      return {
        setup: [`'ktcp http' in model single, ${CONNECTIONS.join(", ")} keep-alive connections.`],
        variants,
        drawings: [
          { kind: "bars", title: "Throughput", figure: "requestsPerSecond", groups: ["http"] },
        ],
        findings: [
          ...finding(variants.at(-1), variants[0], "requestsPerSecond"),
          ...noiseFinding(variants, "requestsPerSecond"),
        ],
      };
    }),
});
