/** The engines `select`, `poll` and `epoll` on a simulated kernel, with the loop of their thread. */
import type { Clock } from "../../../../system/clock.ts";
import type { EngineOptions } from "../../engine_options.ts";
import type { TimerWheel } from "../../timer_wheel.ts";
import { createPoller } from "../linux/create_engine.ts";
import { OpenDescriptors } from "../linux/open_descriptors.ts";
import { ReadinessEngine } from "../linux/readiness_engine.ts";
import { Ticker } from "../linux/ticker.ts";
import { closeWaker, createWaker } from "../linux/waker.ts";
import { AtRest, type SimulatedKernel } from "./kernel.ts";

/** More descriptors than a simulation has. */
const MAX_DESCRIPTORS = 1024;

/** An engine with its kernel resources. */
export class SimulatedReadiness {
  readonly engine: ReadinessEngine;
  readonly #descriptors = OpenDescriptors.share(MAX_DESCRIPTORS);

  /** @param kernel must be installed */
  constructor(
    kernel: SimulatedKernel,
    options: Pick<EngineOptions, "name" | "trigger"> & { cork: boolean },
    { wheel, clock }: { wheel: TimerWheel; clock: Clock },
  ) {
    const open = new OpenDescriptors(this.#descriptors);
    const fd = kernel.listen();
    const socket = {
      fd,
      address: "simulated",
      port: 0,
      isUnix: false,
      isShared: false,
      close: () => kernel.close(fd),
    };
    this.engine = new ReadinessEngine({
      socket,
      poller: createPoller(options),
      isEdge: options.trigger === "edge",
      cork: options.cork,
      ticker: new Ticker(wheel),
      waker: createWaker(),
      open,
      clock,
    });
  }

  /** Runs its loop until nothing can happen any more. @throws what the loop throws */
  async runToRest(): Promise<void> {
    try {
      await this.engine.loop.run();
    } catch (error) {
      if (!(error instanceof AtRest)) throw error;
    }
  }

  /** Releases everything when its thread ends. */
  close(): void {
    this.engine.close();
    closeWaker(this.engine.loop.waker);
  }

  /** Whether the engine still has an open descriptor. */
  get hasOpen(): boolean {
    return new Uint8Array(this.#descriptors).includes(1);
  }
}
