/** Everything about one server, live. */
import { Connections } from "./connections.tsx";
import { HeatMap } from "./heat_map.tsx";
import { viewOf } from "./moments.ts";
import { usePaced } from "./paced.ts";
import { KernelCounters, Queues } from "./queues.tsx";
import { Cpu, Memory } from "./resources.tsx";
import { Sockets } from "./sockets.tsx";
import { Summary } from "./summary.tsx";
import { Errors, Latency, Throughput } from "./traffic.tsx";
import { Turns } from "./turns.tsx";
import type { ViewProps } from "./view_props.ts";
import { Workers, WorkItems } from "./workers.tsx";

/** All views of a server: the figures that matter, then the pictures. */
export function Overview({ server: newest, frames: newestFrames }: ViewProps) {
  const frames = usePaced(newestFrames);
  // With reduced motion, frames are up to a second old: the server is taken from the same one.
  const last = frames.at(-1);
  const server = (last && viewOf(last, newest.id)) ?? newest;
  const props = { server, frames };
  return (
    <div class="overview" key={server.id}>
      <Summary {...props} />
      <div class="panels">
        <Throughput {...props} />
        <Latency {...props} />
        <Errors {...props} />
        <HeatMap {...props} />
        <Queues {...props} />
        <Connections {...props} />
        <Sockets {...props} />
        <Workers {...props} />
        <WorkItems {...props} />
        <KernelCounters {...props} />
        <Turns {...props} />
        <Cpu {...props} />
        <Memory {...props} />
      </div>
    </div>
  );
}
