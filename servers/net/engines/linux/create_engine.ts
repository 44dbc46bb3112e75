/** Makes the engine that options name. */
import { libc, replaceLibc } from "../../../../system/linux/libc.ts";
import { EpollPoller } from "../../../../system/linux/pollers/epoll.ts";
import { PollPoller } from "../../../../system/linux/pollers/poll.ts";
import type { Poller } from "../../../../system/linux/pollers/poller.ts";
import { SelectPoller } from "../../../../system/linux/pollers/select.ts";
import type { EngineOptions } from "../../engine_options.ts";
import type { ListenOptions } from "../../listen_options.ts";
import type { SendOptions } from "../../send_options.ts";
import type { TimerWheel } from "../../timer_wheel.ts";
import type { Tracer } from "../../trace/tracer.ts";
import type { LoopEngine } from "./loop_engine.ts";
import { openListeningSocket } from "./listening_socket.ts";
import { OpenDescriptors } from "./open_descriptors.ts";
import { ReadinessEngine } from "./readiness_engine.ts";
import { UringEngine } from "./uring_engine.ts";
import { Ticker } from "./ticker.ts";
import { tracedLibc } from "./traced_calls.ts";
import type { Waker } from "./waker.ts";

/** Listens. @throws the system's error when the address cannot be bound, or no descriptor is left */
export function createEngine(
  { engine, listen, sending }: {
    engine: EngineOptions;
    listen: ListenOptions;
    sending: SendOptions;
  },
  { wheel, waker, descriptors, tracer }: {
    wheel: TimerWheel;
    waker: Waker;
    descriptors: SharedArrayBuffer;
    /** Records the calls that this thread makes from now on; absent: nothing is traced. */
    tracer?: Tracer;
  },
): LoopEngine {
  const open = new OpenDescriptors(descriptors);
  const socket = openListeningSocket(listen, sending);
  const { cork } = sending;
  if (socket.isShared) open.addShared(socket.fd);
  else open.add(socket.fd);
  const isEdge = engine.name === "epoll" && engine.trigger === "edge";
  let ticker: Ticker | undefined;
  try {
    ticker = new Ticker(wheel);
    open.add(ticker.fd);
    if (tracer !== undefined) replaceLibc(tracedLibc(libc(), (call) => tracer.called(call)));
    if (engine.name === "io_uring") {
      return new UringEngine({ socket, cork, ticker, waker, open, tracer });
    }
    const poller = createPoller(engine);
    if (poller.instance !== undefined) open.add(poller.instance);
    return new ReadinessEngine({ socket, poller, isEdge, cork, ticker, waker, open });
  } catch (error) {
    socket.close();
    open.delete(socket.fd);
    ticker?.close();
    if (ticker !== undefined) open.delete(ticker.fd);
    throw error;
  }
}

/** The poller for `name` and `trigger`. @throws {SystemError} when no descriptor is left */
export function createPoller({ name, trigger }: Pick<EngineOptions, "name" | "trigger">): Poller {
  switch (name) {
    case "select":
      return new SelectPoller();
    case "poll":
      return new PollPoller();
    default:
      return new EpollPoller({ trigger });
  }
}
