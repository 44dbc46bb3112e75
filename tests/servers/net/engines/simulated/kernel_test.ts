/** The simulated kernel, through the pollers and the socket calls that engines use. */
import assert from "node:assert/strict";
import { SimulatedClock } from "../../../../../servers/net/engines/simulated/clock.ts";
import { AtRest, SimulatedKernel } from "../../../../../servers/net/engines/simulated/kernel.ts";
import { SimulatedListener } from "../../../../../servers/net/engines/simulated/listener.ts";
import { Random } from "../../../../../servers/net/engines/simulated/random.ts";
import { Trace } from "../../../../../servers/net/engines/simulated/trace.ts";
import { createPoller } from "../../../../../servers/net/engines/linux/create_engine.ts";
import { Errno } from "../../../../../system/linux/errno.ts";
import { pointerOf } from "../../../../../system/linux/memory.ts";
import { Interest } from "../../../../../system/linux/pollers/poller.ts";
import {
  accept,
  close,
  peerAddress,
  recv,
  sendBytes,
  Shutdown,
  shutdown,
} from "../../../../../system/linux/socket.ts";

const NETWORK = { leastDelayUs: 10, mostDelayUs: 20, pieceBytes: 100, windowBytes: 8 };

const TRAITS = {
  mostDelayUs: 0,
  mostBytes: 1 << 20,
  sendsFiles: true,
  isHeldUp: false,
  readFile: () => 0,
};

/** Runs `test` on a kernel in place of the C library. */
function withKernel(
  test: (kernel: SimulatedKernel, listener: SimulatedListener) => void,
): void {
  const clock = new SimulatedClock();
  const listener = new SimulatedListener(clock, new Trace(clock));
  const step = () => void clock.step();
  const kernel = new SimulatedKernel({ listener, traits: TRAITS, random: new Random(1), step });
  const uninstall = kernel.install();
  try {
    test(kernel, listener);
  } finally {
    uninstall();
  }
}

/** Calls again what a signal has interrupted. */
function retry(call: () => number): number {
  for (;;) {
    const result = call();
    if (result !== -Errno.EINTR) return result;
  }
}

const POLLERS = [
  { name: "select", trigger: "level" },
  { name: "poll", trigger: "level" },
  { name: "epoll", trigger: "level" },
  { name: "epoll", trigger: "edge" },
] as const;

for (const options of POLLERS) {
  const name = `${options.name}, ${options.trigger}-triggered`;

  Deno.test(`SimulatedKernel: ${name}: accepts, receives, sends and ends`, () => {
    withKernel((kernel, listener) => {
      const poller = createPoller(options);
      const listening = kernel.listen();
      poller.add(listening, Interest.Read);
      const client = listener.connect(5, 1, NETWORK)!;
      const ready = () => {
        const seen: [number, number][] = [];
        // A signal counts as none ready.
        while (seen.length === 0) {
          const count = poller.wait(-1);
          for (let i = 0; i < count; ++i) seen.push([poller.fd(i), poller.events(i)]);
        }
        return seen;
      };
      assert.deepEqual(ready(), [[listening, Interest.Read]]);
      const fd = accept(listening);
      assert.equal(peerAddress(fd), "192.0.2.5");
      assert.equal(accept(listening), -Errno.EAGAIN);
      poller.add(fd, Interest.Read);
      client.write(Uint8Array.of(1, 2, 3));
      assert.deepEqual(ready(), [[fd, Interest.Read]]);
      const input = new Uint8Array(10);
      let count: number;
      do count = recv(fd, pointerOf(input), 10, 0); while (count < 0);
      assert.deepEqual([...input.subarray(0, count)], [1, 2, 3].slice(0, count));
      // The window takes 8 bytes, then nothing.
      let sent = 0;
      for (let tries = 0; tries < 100; ++tries) {
        const result = retry(() => sendBytes(fd, new Uint8Array(100), 0));
        if (result > 0) sent += result;
        else assert.equal(result, -Errno.EAGAIN);
      }
      assert.equal(sent, 8);
      client.reset();
      while ((ready()[0][1] & Interest.Read) === 0 || !client.other.isReset);
      assert.equal(shutdown(fd, Shutdown.Write), -Errno.ENOTCONN);
      poller.remove(fd);
      close(fd);
      assert.throws(() => close(fd), /not open/);
      // Nothing else can happen: a thread would wait for ever.
      assert.throws(() => {
        for (;;) poller.wait(-1);
      }, AtRest);
      poller.remove(listening);
      close(listening);
      poller.close();
      assert.equal(kernel.open, 0);
    });
  });
}

Deno.test("SimulatedKernel: level-triggered, what is ready is reported again; edge-triggered, once", () => {
  for (const trigger of ["level", "edge"] as const) {
    withKernel((kernel, listener) => {
      const poller = createPoller({ name: "epoll", trigger });
      const listening = kernel.listen();
      poller.add(listening, Interest.Read);
      listener.connect(1, 1, NETWORK);
      let reports = 0;
      try {
        for (let waits = 0; waits < 200; ++waits) reports += Math.max(0, poller.wait(-1));
        assert.equal(trigger, "level");
      } catch (error) {
        assert.ok(error instanceof AtRest);
      }
      if (trigger === "edge") assert.equal(reports, 1);
      else assert.ok(reports > 150);
    });
  }
});
