/**
 * Passes the barrier `rounds` times. Before each round it counts itself in; when the barrier opens,
 * everybody must have been counted.
 */
import { Barrier } from "../../../bench/load/barrier.ts";

interface Task {
  barrier: SharedArrayBuffer;
  counter: SharedArrayBuffer;
  parties: number;
  rounds: number;
}

const port = self as unknown as Worker;

port.onmessage = async ({ data }: MessageEvent<Task>) => {
  const barrier = new Barrier(data.barrier);
  const counter = new Int32Array(data.counter);
  let early = 0;
  try {
    for (let round = 1; round <= data.rounds; round++) {
      Atomics.add(counter, 0, 1);
      await barrier.wait();
      if (Atomics.load(counter, 0) < data.parties * round) early++;
    }
    port.postMessage(`early ${early}`);
  } catch (error) {
    port.postMessage((error as Error).name);
  }
};
