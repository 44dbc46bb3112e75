/**
 * What the Workers of pool models keep between items: an instance of the core over the owner's
 * memory, and a service over it.
 */
import { Core } from "../../core/mod.ts";
import { createService, type MakeDirectory } from "./create_service.ts";
import type { Service } from "../net/service.ts";
import type { WorkerOutlets } from "../workqueue/serve_work.ts";
import type { PoolInit } from "./messages.ts";

/** What items find as `context.init`. */
export interface Pooled {
  core: Core;
  service: Service;
}

/** What else it is made of. */
interface PooledParts extends WorkerOutlets {
  makeDirectory?: MakeDirectory;
}

/** Makes it of what the owner sent. */
export function setUpPooled(
  { share, service, memory }: PoolInit,
  { port, print, makeDirectory }: PooledParts,
): Pooled {
  const core = Core.attach(share);
  const parts = {
    print,
    isPooled: true,
    handsOver: true,
    makeDirectory,
    compressors: port,
    memory,
  };
  return { core, service: createService(core, service, parts) };
}
