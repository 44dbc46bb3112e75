/** The Worker of the workqueue tests. */
import { runWork, type WorkContext } from "../../../servers/workqueue/run_work.ts";

interface Init {
  /** Word 0: items begun by some functions. Word 1: running now. Word 2: most at once. Word 3: gate of `block`. */
  shared: Int32Array;
  refuse?: boolean;
  /** Only rescuers come up. */
  hang?: boolean;
}

/** Waits until the owner lets word 3 be at least `until`, as a system call that blocks would. */
function block(shared: Int32Array, until: number): void {
  for (let now; (now = Atomics.load(shared, 3)) < until;) Atomics.wait(shared, 3, now, 5000);
}

runWork<Init>({
  echo: (data) => data,
  sum: (data: number[]) => data.reduce((a, b) => a + b, 0),
  later: (data) => new Promise((resolve) => setTimeout(resolve, 2, data)),
  where: (_data, { worker }) => worker,
  mark: (data, { init }) => {
    Atomics.add(init.shared, 0, 1);
    return data;
  },
  read: (index: number, { init }) => Atomics.load(init.shared, index),
  block: (until: number, { init: { shared } }) => {
    Atomics.add(shared, 0, 1);
    Atomics.notify(shared, 0);
    const running = Atomics.add(shared, 1, 1) + 1;
    if (running > Atomics.load(shared, 2)) Atomics.store(shared, 2, running);
    block(shared, until);
    Atomics.sub(shared, 1, 1);
    return until;
  },
  busy: (ms: number) => {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs);
  },
  /** Ends at once, and blocks the Worker thereafter. */
  linger: (until: number, { init: { shared } }) => {
    setTimeout(() => {
      Atomics.add(shared, 0, 1);
      block(shared, until);
    });
  },
  /** Ends at once, blocks the Worker thereafter, and then throws. */
  bomb: (until: number, { init: { shared } }) => {
    setTimeout(() => {
      Atomics.add(shared, 0, 1);
      block(shared, until);
      throw new Error("timer threw");
    });
  },
  /** Throws behind its first wait, and tells word 0 when it is told that its Worker crashes. */
  fall: (_data: unknown, context) => {
    context.onCrash = () => void Atomics.add(context.init.shared, 0, 1);
    setTimeout(() => {
      throw new Error("timer threw");
    });
    return new Promise(() => {});
  },
  /** Makes this Worker slow to begin an item, as if it were preempted. */
  hesitate: (ms: number) => {
    const { compareExchange } = Atomics;
    const slow = (...args: Parameters<typeof compareExchange>) => {
      const untilMs = performance.now() + ms;
      while (performance.now() < untilMs);
      return compareExchange(...args);
    };
    Object.assign(Atomics, { compareExchange: slow });
  },
  throw: (message: string) => {
    throw new TypeError(message);
  },
  reject: (message: string) => Promise.reject(new TypeError(message)),
  crash: () => {
    setTimeout(() => {
      throw new Error("timer threw");
    });
    return new Promise(() => {});
  },
  forget: () => {
    Promise.reject(new Error("nobody caught it"));
    return new Promise(() => {});
  },
  close: () => {
    self.close();
    return new Promise(() => {});
  },
  exit: () => Deno.exit(3),
  uncloneable: () => () => 1,
  open: (path: string) => Deno.readTextFile(path),
  /** Says `data` on the port of its Worker. */
  say: (data, { worker, port }) => port!.postMessage([worker.name, data]),
  /** Says "started", answers each message with its echo, and ends with "stop". */
  listen: (data, context: WorkContext<Init>) => {
    Atomics.add(context.init.shared, 0, 1);
    context.post("started");
    const { promise, resolve } = Promise.withResolvers<unknown>();
    context.onMessage((message) => {
      if (message === "stop") resolve(data);
      else context.post({ echo: message });
    });
    return promise;
  },
}, {
  setUp: (init: Init, { name }) => {
    if (init.refuse) throw new Error("refused to start");
    if (init.hang && !name.startsWith("kworker/R-")) return new Promise(() => {});
    return init;
  },
});
