/**
 * What a person at a terminal sees of `ktcp http` beside the ready line: where to click, which
 * directory is served, and what of it is hidden.
 */
import { formatHostPort } from "../../system/address.ts";
import { parseIpv4, parseIpv6 } from "../../system/ip.ts";

/** What a visitor needs to know of a server that listens. */
export interface Listening {
  /** `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`. */
  address: string;
  isTls: boolean;
  content: "hello" | "echo" | "dir";
  /** The served directory, for `dir`. */
  root?: string;
  dotfiles?: boolean;
  followSymlinks?: boolean;
}

/** An interface's address, as `Deno.networkInterfaces` returns it. */
export type InterfaceAddress = Pick<Deno.NetworkInterfaceInfo, "address" | "family">;

/** The addresses of this machine, loopback first; none where they may not be read. */
export function interfaceAddresses(): InterfaceAddress[] {
  try {
    return Deno.networkInterfaces();
  } catch {
    return [];
  }
}

/** Whether `host` stands for all addresses of this machine. */
export function isAnyAddress(host: string): boolean {
  return ["0.0.0.0", "::", "[::]"].includes(host);
}

/**
 * The URLs that lead to a server at `address`: for 0.0.0.0 one for each IPv4 address of this machine,
 * for [::] one for each address. None for a Unix domain socket.
 */
export function urlsOf(
  { address, isTls }: Pick<Listening, "address" | "isTls">,
  addresses: readonly InterfaceAddress[],
): string[] {
  const scheme = isTls ? "https" : "http";
  const match = /^(.*):(\d+)$/.exec(address);
  if (address.startsWith("unix:") || match === null) return [];
  const [, host, port] = match;
  if (!isAnyAddress(host)) return [`${scheme}://${address}/`];
  // A link-local address works in no URL without its zone, and browsers take no zone.
  const usable = addresses.filter(({ address, family }) =>
    (parseIpv4(address) ?? parseIpv6(address)) !== undefined && !/^fe[89ab]/i.test(address) &&
    (family === "IPv4" || host === "[::]")
  );
  return usable.map(({ address }) => `${scheme}://${formatHostPort(address, Number(port))}/`);
}

function hiddenText({ dotfiles, followSymlinks }: Listening): string {
  const hidden = [!dotfiles && "dotfiles", !followSymlinks && "links that lead out of it"];
  const names = hidden.filter((name) => name !== false);
  return names.length === 0 ? "nothing is hidden" : `${names.join(" and ")} are hidden`;
}

/** The lines for the terminal. Pure. */
export function firstLines(
  server: Listening,
  addresses: readonly InterfaceAddress[],
): string[] {
  const urls = urlsOf(server, addresses);
  const what = {
    hello: `"Hello World!" to every GET; to serve files: ktcp http DIR`,
    echo: "every request's own content",
    dir: `the files of ${server.root}; ${hiddenText(server)}`,
  }[server.content];
  return [...urls, what];
}
