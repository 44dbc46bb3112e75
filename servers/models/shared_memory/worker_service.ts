/**
 * What Workers keep between items: an instance of the core over the owner's memory, and a service
 * over it.
 */
import { Core } from "../../../core/mod.ts";
import { createService, type MakeDirectory } from "../create_service.ts";
import type { Service } from "../../net/service.ts";
import type { WorkerOutlets } from "../../workqueue/run_work.ts";
import type { WorkerServiceInit } from "./messages.ts";

/** The items' `context.init`. */
export interface WorkerService {
  core: Core;
  service: Service;
}

/** What the service needs besides the owner's message. */
interface WorkerServiceParts extends WorkerOutlets {
  makeDirectory?: MakeDirectory;
  /** Whether the owner has the sockets and sends streamed content. Default: true. */
  handsOver?: boolean;
}

/** Makes it from what the owner sent. */
export function createWorkerService(
  { share, service, memory }: WorkerServiceInit,
  { port, print, noteBlocked, makeDirectory, handsOver = true }: WorkerServiceParts,
): WorkerService {
  const core = Core.attach(share);
  const parts = {
    print,
    noteBlocked,
    sharesMemory: true,
    handsOver,
    makeDirectory,
    compressors: port,
    memory,
  };
  return { core, service: createService(core, service, parts) };
}
