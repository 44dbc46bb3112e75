/** The value of `--metrics`: a port of the loopback address, or another address with it. */
import { InvalidArgumentError } from "commander";
import { DEFAULT_HOST, parseHost, parsePort } from "../shared/options.ts";

/** Parses `9090`, `:9090`, `127.0.0.1:9090` or `[::1]:9090`. */
export function parseMetricsAddress(text: string): { hostname: string; port: number } {
  const match = /^(?:(\[[^\]]+\]|[^:]*):)?(\d+)$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError("Not an address; write it like 9090 or 127.0.0.1:9090.");
  }
  const [, host = "", port] = match;
  return { hostname: host === "" ? DEFAULT_HOST : parseHost(host), port: parsePort(port) };
}
