/**
 * Run under a low `ulimit -n`: takes all descriptors, queues items that each need a Worker, lets
 * go of the descriptors one by one, and prints what came of it.
 */
import {
  allocWorkqueue,
  callWork,
  destroyWorkqueue,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { alive, testPools } from "./support.ts";

// The runtime opens its signal descriptors some time or other, and aborts the process when it
// cannot. A server has its signal listeners from the start.
Deno.addSignalListener("SIGTERM", () => Deno.exit(1));

const { pools, shared } = testPools({ growDelayMs: 0, createRetryMs: 1 });
const queue = allocWorkqueue("dry", { flags: WQ_UNBOUND, pools });
// Compiles the Worker's modules, for which descriptors are needed besides.
await callWork(queue, "echo", 0);

const held: Deno.FsFile[] = [];
try {
  while (true) held.push(Deno.openSync("/dev/null"));
} catch (error) {
  if (!String(error).includes("os error 24")) throw error;
}
let results = 0;
const items = Array.from(
  { length: 30 },
  () => callWork(queue, "block", 1).then(() => void results++),
);
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
for (let i = 0; i < 5; i++) await turn();
const waited = results === 0 && shared.begun < 30;
for (const file of held) {
  file.close();
  await turn();
}
const workers = alive(pools);
shared.open(1);
await Promise.all(items);
await destroyWorkqueue(queue);
console.log(JSON.stringify({ waited, results, workers }));
Deno.exit();
