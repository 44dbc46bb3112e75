/** What experiments need of the rest of ktcp: servers, and a look at the kernel's sockets. */
import type { LabHost } from "../bench/lab/lab.ts";
import { startNginx, startOwn } from "./lab_servers.ts";
import { acceptQueue, countTimeWait, dropTimeWait } from "./lab_sockets.ts";
import { countSyscalls } from "./lab_strace.ts";

/** The host of the experiments. */
export const labHost: LabHost = {
  start: startOwn,
  startNginx,
  countSyscalls,
  acceptQueue,
  countTimeWait,
  dropTimeWait,
};
