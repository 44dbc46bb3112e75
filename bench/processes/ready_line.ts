/** The line on stdout by which a server announces that it accepts connections. */
import type { Process } from "../../system/process.ts";

/** The line for the server `name`, which listens on `address` (as `formatAddress` writes it). */
export function readyLine(name: string, address: string): string {
  return `ktcp ${name}: listening on ${address}`;
}

/** Where a server listens. */
export interface Ready {
  /** `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`. */
  address: string;
  /** 0 for a Unix domain socket. */
  port: number;
}

/** Waits for the line of the server that runs as `process`. @returns null if it ends without one */
export async function untilReady(process: Process): Promise<Ready | null> {
  const match = await process.untilOut(/^(?:ktcp \w+: )?listening on (.+)\n/m);
  if (match === null) return null;
  return { address: match[1], port: Number(/:(\d+)$/.exec(match[1])?.[1] ?? 0) };
}
