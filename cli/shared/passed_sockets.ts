/** Sockets that a service manager passes to a server: which it takes, and what it refuses. */
import { messageOf } from "../../system/message_of.ts";
import type { Command } from "commander";
import type { EngineName, Model, PassedSocket } from "../../servers/mod.ts";
import { formatHostPort } from "../../system/address.ts";
import { type PassedDescriptor, takePassedDescriptors } from "../../system/service_variables.ts";
import { Failure, UsageError } from "./failure.ts";
import { printNote } from "./output.ts";

/** Options that say where to listen: what is passed wins over them. */
const ADDRESS_OPTIONS = ["host", "port", "unix", "backlog"];

/** The engine that is used unless one is named. */
const ENGINE: EngineName = "epoll";

/** What is listened on, and by which engine. */
export interface Passed {
  sockets: PassedSocket[];
  engine: EngineName;
}

/**
 * The sockets that were passed to `command`; `undefined` when there are none.
 *
 * @throws {UsageError} when the options ask for what cannot be done with them
 * @throws {Failure} when they are not sockets that a server can listen on
 */
export async function passedSockets(
  command: Command,
  { model, engine, isTls }: { model: Model; engine: EngineName; isTls: boolean },
): Promise<Passed | undefined> {
  const descriptors = descriptorsPassed();
  if (descriptors.length === 0) return undefined;
  const isGiven = (option: string) =>
    !["default", undefined].includes(command.getOptionValueSource(option));
  if (isTls) {
    throw new UsageError(
      "TLS takes the engine deno, which cannot listen on the socket that was passed (LISTEN_FDS); " +
        "start ktcp without its socket unit and give --host and --port, or speak TLS in a proxy",
    );
  }
  if (isGiven("engine") && engine === "deno") {
    throw new UsageError(
      "option '--engine deno' cannot listen on the socket that was passed (LISTEN_FDS); " +
        `use --engine ${ENGINE} or io_uring`,
    );
  }
  const sockets = await Promise.all(descriptors.map(inspect));
  const addresses = [...new Set(sockets.map(({ address }) => address))];
  if (addresses.length > 1) {
    throw new Failure(
      `sockets were passed at ${addresses.join(" and ")}, but a server listens at one address; ` +
        "start a server for each",
    );
  }
  if (sockets.length > 1 && model !== "per-core") {
    throw new UsageError(
      `${sockets.length} sockets were passed, and --model ${model} listens on one; ` +
        "use --model per-core",
    );
  }
  for (const option of ADDRESS_OPTIONS.filter(isGiven)) {
    printNote(`--${option} is not used: the socket at ${addresses[0]} was passed`);
  }
  return { sockets, engine: isGiven("engine") ? engine : ENGINE };
}

function descriptorsPassed(): PassedDescriptor[] {
  try {
    return takePassedDescriptors();
  } catch (error) {
    throw new Failure(messageOf(error));
  }
}

/** Looks at a descriptor and makes it ready. @throws {Failure} when it cannot be listened on */
async function inspect({ fd, name }: PassedDescriptor): Promise<PassedSocket> {
  // Imported only where it is needed, because it loads the C library.
  const { inspectListener, setCloseOnExec, setNonBlocking } = await import(
    "../../system/linux/socket.ts"
  );
  const found = inspectListener(fd);
  if (typeof found === "string") {
    throw new Failure(
      `descriptor ${fd} ('${name}'), which was passed, is ${found}${fileOf(fd)}; ` +
        "a server takes a stream socket that listens (ListenStream=, Accept=no)",
    );
  }
  setCloseOnExec(fd);
  setNonBlocking(fd);
  const { hostname, port, isUnix } = found;
  return { fd, port, address: isUnix ? `unix:${hostname}` : formatHostPort(hostname, port) };
}

/** What descriptor `fd` leads to, in brackets; empty where that cannot be told. */
function fileOf(fd: number): string {
  try {
    return ` (${Deno.readLinkSync(`/proc/self/fd/${fd}`)})`;
  } catch {
    return "";
  }
}
