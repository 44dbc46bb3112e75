/** What experiments need of the rest of ktcp: servers, and a look at the kernel's sockets. */
import type { LabHost } from "../../bench/lab/lab.ts";
import { startNginx, startOwn } from "./servers.ts";
import { acceptQueue, countTimeWait, dropTimeWait } from "./sockets.ts";
import { countSyscalls } from "./strace.ts";

/** The host of the experiments. */
export const labHost: LabHost = {
  start: startOwn,
  startNginx,
  countSyscalls,
  acceptQueue,
  countTimeWait,
  dropTimeWait,
};
