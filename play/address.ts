/**
 * The set-up in the address of the page, as the fragment after its `#`:
 *
 * ```
 * #v=1&a.service=http&a.engine=epoll&a.model=single&a.backlog=4&load.clients=20&story=backlog
 * ```
 *
 * `a` to `d` are the servers. Service, engine and model of each server are always written; everything
 * else only where it differs from the defaults of version 1.
 */
import { MAX_SERVERS } from "./limits.ts";
import { readSetup, SetupError } from "./setup.ts";
import type { LoadSetup, ServerSetup, Setup } from "./protocol.ts";
import { DEFAULT_LOAD, DEFAULT_SERVER } from "./defaults.ts";

/** The version of the form, and of the defaults that it leaves out. */
export const VERSION = "1";

/** The set-up that was read from an address. */
export interface ReadAddress {
  /** What could be read; null where the address holds no set-up. */
  setup: Setup | null;
  /** What could not, and why. */
  problems: string[];
}

/** Names the server at `index` in an address. */
const nameOf = (index: number) => "abcd"[index];

const ALWAYS: readonly string[] = ["service", "engine", "model"];

/** `setup` as the fragment of an address, without the `#`. */
export function writeAddress({ servers, load, story }: Setup): string {
  const pairs: [string, string][] = [["v", VERSION]];
  servers.forEach((server, index) => {
    for (const [key, value] of Object.entries(server)) {
      const isDefault = value === DEFAULT_SERVER[key as keyof ServerSetup];
      if (value !== undefined && (ALWAYS.includes(key) || !isDefault)) {
        pairs.push([`${nameOf(index)}.${key}`, String(value)]);
      }
    }
  });
  for (const [key, value] of Object.entries(load)) {
    if (value !== DEFAULT_LOAD[key as keyof LoadSetup]) pairs.push([`load.${key}`, String(value)]);
  }
  if (story !== undefined) pairs.push(["story", story]);
  return pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
}

/** The value of `text` as JSON has it: a number, a flag or a word. */
function valueOf(text: string): unknown {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return text === "true" ? true : text === "false" ? false : text;
}

/**
 * Reads the fragment of an address, on a machine with `cpus` CPUs. What is unknown or out of bounds
 * becomes a problem, and the default is used instead.
 */
export function readAddress(hash: string, cpus: number): ReadAddress {
  const pairs = [...new URLSearchParams(hash.replace(/^#/, ""))];
  if (pairs.length === 0) return { setup: null, problems: [] };
  const version = pairs.find(([key]) => key === "v")?.[1];
  if (version !== VERSION) {
    const found = version === undefined ? "no v=…" : `v=${version}`;
    return { setup: null, problems: [`${found}: only set-ups of v=${VERSION} can be read`] };
  }
  const problems: string[] = [];
  let setup: Setup = { servers: [], load: DEFAULT_LOAD };
  const attempt = (changed: unknown) => {
    try {
      setup = readSetup(changed, cpus);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      problems.push(error.message);
    }
  };
  const named = pairs.map(([key]) => key.match(/^([a-d])\./)?.[1]).filter((name) => name);
  const count = Math.max(0, ...named.map((name) => "abcd".indexOf(name!) + 1));
  setup.servers = Array.from({ length: Math.min(count, MAX_SERVERS) }, () => DEFAULT_SERVER);
  for (const [key, text] of pairs) {
    const [owner, field, ...rest] = key.split(".");
    const index = "abcd".indexOf(owner);
    const value = valueOf(text);
    if (key === "v") continue;
    if (key === "story") attempt({ ...setup, story: text });
    else if (owner === "load" && field && rest.length === 0) {
      attempt({ ...setup, load: { ...setup.load, [field]: value } });
    } else if (owner.length === 1 && index >= 0 && field && rest.length === 0) {
      const servers = setup.servers.map((server, i) =>
        i === index ? { ...server, [field]: value } : server
      );
      attempt({ ...setup, servers });
    } else problems.push(`${key} is not known`);
  }
  return { setup, problems };
}
