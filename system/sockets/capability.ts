/** Linux capabilities of this process (capabilities(7)). */

const CAP_NET_ADMIN = 12;

/**
 * Whether this process has CAP_NET_ADMIN. Without it the kernel refuses; with it, it may still do
 * so: in a user namespace the capability reaches only the namespace's own network.
 *
 * @returns true also if it is unknown, so that the kernel decides
 */
export function hasNetAdmin(): boolean {
  let status: string;
  try {
    status = Deno.readTextFileSync("/proc/self/status");
  } catch {
    return true;
  }
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status);
  return !effective || (BigInt(`0x${effective[1]}`) >> BigInt(CAP_NET_ADMIN) & 1n) === 1n;
}
