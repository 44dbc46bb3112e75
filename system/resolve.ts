/** The addresses of a host. */
import { lookup } from "node:dns/promises";
import type { Host } from "./host.ts";

/** Looks up all addresses of a name, preferred ones first. Rejects if there is none. */
export type LookUp = (name: string) => Promise<string[]>;

/** The look-up of the system, getaddrinfo(3): `/etc/hosts` and DNS, in the order of RFC 6724. */
export const lookUpName: LookUp = async (name) => {
  // Otherwise Deno puts IPv4 first.
  const found = await lookup(name, { all: true, verbatim: true });
  return found.map(({ address }) => address);
};

/** Options of {@linkcode resolveHost}. */
export interface ResolveOptions {
  /** Only addresses of this family. */
  family?: 4 | 6;
  /** Default: that of the system. */
  lookUp?: LookUp;
  /** Where the host was given, for messages: ` in http://...`. */
  where?: string;
}

/**
 * All addresses of `host`, each once, in the order of the look-up. The zone of a link-local address
 * becomes the number of the interface, which every engine accepts.
 *
 * @throws {Error} when there is no such name or zone, or no address of the wanted family
 */
export async function resolveHost(
  host: Host,
  { family, lookUp = lookUpName, where = "" }: ResolveOptions = {},
): Promise<string[]> {
  const found = host.isAddress
    ? [withZoneNumber(host)]
    : await lookUp(host.hostname).catch(() => []);
  // Filtered here, because getaddrinfo(3), if asked for IPv4 only, turns ::1 in /etc/hosts into
  // 127.0.0.1.
  const isWanted = (address: string) =>
    family === undefined || address.includes(":") === (family === 6);
  const addresses = [...new Set(found.filter(isWanted))];
  if (addresses.length > 0) return addresses;
  const kind = family === undefined ? "" : `IPv${family} `;
  throw new Error(`Cannot find an ${kind}address of '${host.text}'${where}; check the name`);
}

/** `fe80::1%eth0` as `fe80::1%2`, if that is the number of eth0. */
function withZoneNumber({ text, hostname }: Host): string {
  const [bare, zone] = hostname.split("%");
  if (zone === undefined || /^\d+$/.test(zone)) return hostname;
  const linked = Deno.networkInterfaces()
    .filter((own) => own.family === "IPv6" && own.address.startsWith("fe80:"));
  const own = linked.find(({ name }) => name === zone);
  if (own?.family === "IPv6") return `${bare}%${own.scopeid}`;
  const names = [...new Set(linked.map(({ name }) => name))].join(", ") || "none";
  throw new Error(
    `Cannot reach '${text}': no interface '${zone}' has link-local addresses; those that have: ` +
      names,
  );
}
