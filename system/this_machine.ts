/** Which addresses lead to this machine. */
import { parseIpv4, parseIpv6 } from "./ip.ts";

/** An address of an interface; see `Deno.networkInterfaces`. */
type InterfaceAddress = Pick<Deno.NetworkInterfaceInfo, "address">;

/**
 * Whether packets to `address` (IPv6 with or without a zone) stay on this machine: it is a loopback
 * address, the unspecified one, or one of `interfaces`.
 */
export function isThisMachine(
  address: string,
  interfaces: readonly InterfaceAddress[] = Deno.networkInterfaces(),
): boolean {
  const number = numberOf(address);
  if (number === undefined) return false;
  if (typeof number === "number") {
    if (number === 0 || number >>> 24 === 127) return true;
  } else if (number === "0,0,0,0" || number === "0,0,0,1") return true;
  return interfaces.some((own) => numberOf(own.address) === number);
}

/**
 * An address in a unique form: a number for IPv4, also if mapped into IPv6; four words for IPv6.
 */
function numberOf(address: string): number | string | undefined {
  const words = parseIpv6(address.split("%")[0]);
  if (words === undefined) return parseIpv4(address);
  const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isMapped ? words[3] : words.join();
}
