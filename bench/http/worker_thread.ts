/** The main thread's side of a Worker that loads an HTTP server. */
import type { ThreadMessage, ThreadPlan } from "./plan.ts";
import type { TallyReport } from "./tally.ts";
import type { RequestSample } from "../result.ts";
import type { IntervalPart } from "../stats/timeline.ts";
import { formatAddress } from "../../system/address.ts";

/** Callbacks for messages of a thread while it runs. */
export interface ThreadListeners {
  onSamples?: (samples: RequestSample[]) => void;
  onDebug?: (bytes: Uint8Array) => void;
  onPart?: (part: IntervalPart) => void;
}

/** A thread of the load. */
export class WorkerThread {
  /** Settles when it is warm. */
  readonly ready: Promise<void>;
  /** Resolves when none of its first connects succeeded, with the message; see `FirstConnects`. */
  readonly nobody: Promise<string>;
  /** The result of `nobody`, once there is one. */
  nobodyMessage: string | undefined;
  readonly #worker: Worker;
  readonly #report: Promise<TallyReport>;

  constructor(plan: ThreadPlan, listeners: ThreadListeners) {
    this.#worker = new Worker(new URL("./htstress_worker.ts", import.meta.url), {
      type: "module",
      name: `htstress ${plan.index}`,
      deno: { permissions: permissionsFor(plan) },
    });
    const ready = Promise.withResolvers<void>();
    const nobody = Promise.withResolvers<string>();
    const report = Promise.withResolvers<TallyReport>();
    const fail = (message: string) => {
      const error = new Error(message);
      ready.reject(error);
      report.reject(error);
    };
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadMessage>) => {
      if (data.kind === "ready") ready.resolve();
      else if (data.kind === "done") report.resolve(data.report);
      else if (data.kind === "nobody") nobody.resolve(this.nobodyMessage = data.message);
      else if (data.kind === "samples") listeners.onSamples?.(data.samples);
      else if (data.kind === "interval") listeners.onPart?.(data.part);
      else if (data.kind === "debug") listeners.onDebug?.(data.bytes);
      else fail(data.message);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message);
    };
    this.ready = ready.promise;
    this.nobody = nobody.promise;
    this.#report = report.promise;
    // `ready` reports failures before the run.
    this.#report.catch(() => {});
    this.#worker.postMessage(plan);
  }

  /** Releases the Worker. @returns what it counted */
  run(): Promise<TallyReport> {
    this.#worker.postMessage("go");
    return this.#report;
  }

  terminate(): void {
    this.#worker.terminate();
  }
}

/** What a Worker needs to reach its endpoints, and nothing else. */
function permissionsFor({ engine, origins }: ThreadPlan): Deno.PermissionOptionsObject {
  const endpoints = origins.servers.flat();
  const none = { env: false, run: false, sys: false, import: false } as const;
  // System calls need no permission but FFI.
  if (engine !== "deno") return { ...none, net: false, read: false, write: false, ffi: true };
  const net = endpoints.map(formatAddress);
  const paths = endpoints.flatMap((endpoint) => "path" in endpoint ? [endpoint.path] : []);
  return {
    ...none,
    net: net.length > 0 ? net : false,
    // Connecting to a Unix domain socket is reading and writing its file.
    read: paths.length > 0 ? paths : false,
    write: paths.length > 0 ? paths : false,
    ffi: false,
  };
}
