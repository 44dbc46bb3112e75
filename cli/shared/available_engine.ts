/** What stands in for an engine that this system does not allow. */
import type { LinuxEngine } from "../../system/linux/engines.ts";
import { printNote } from "./output.ts";

/**
 * `name`, or epoll with a note where the kernel refuses io_uring.
 *
 * @param refuse makes the error that says why
 * @throws what `refuse` makes, when this system allows neither
 */
export async function availableEngine<Name extends LinuxEngine>(
  name: Name,
  refuse: (why: string) => Error,
): Promise<Name | "epoll"> {
  // Imported only where it is needed, because it loads the C library.
  const { engineSupport } = await import("../../system/linux/engines.ts");
  const { isAvailable, reason } = engineSupport(name);
  if (isAvailable) return name;
  if (name !== "io_uring" || !engineSupport("epoll").isAvailable) throw refuse(reason!);
  printNote(`io_uring cannot be used: ${reason}; epoll is used instead`);
  return "epoll";
}
