/** Says when a load leaves this machine. */
import type { Address } from "../../system/address.ts";
import { isThisMachine } from "../../system/this_machine.ts";
import { printNote } from "./output.ts";

/** The most hosts that are named; the others are only counted. */
const MAX_NAMED = 4;

/** A server of a load. */
export interface LoadTarget {
  /** The host as it is looked up. */
  host: string;
  /** Where the connections lead. */
  addresses: readonly Address[];
}

/** Whether the load on `address` stays on this machine. */
export function isLocal(address: Address): boolean {
  return "path" in address || isThisMachine(address.hostname);
}

/** Names the targets that are not this machine in one line on stderr, if there are any. */
export function noteRemote(command: string, targets: readonly LoadTarget[]): void {
  const text = remoteText(targets);
  if (text !== undefined) printNote(`ktcp ${command}: ${text}`);
}

/** Says which of `targets` are not this machine; undefined when all are. */
export function remoteText(targets: readonly LoadTarget[]): string | undefined {
  const remote = targets.flatMap(({ host, addresses }) => {
    const others = addresses.flatMap((address) =>
      "path" in address || isLocal(address) ? [] : [address.hostname]
    );
    if (others.length === 0) return [];
    return others.join() === host ? [host] : [`${host} (${others.join(", ")})`];
  });
  if (remote.length === 0) return undefined;
  const more = remote.length > MAX_NAMED ? ` and ${remote.length - MAX_NAMED} more` : "";
  const named = remote.slice(0, MAX_NAMED).join(", ") + more;
  const what = remote.length > 1 ? "other machines" : "another machine";
  return `the load goes to ${what}: ${named}`;
}
