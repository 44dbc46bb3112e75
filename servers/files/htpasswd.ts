/** Password files as `htpasswd -B` writes them: `user:$2y$…` lines. Pure. */
import { OptionError } from "./option_error.ts";

/** Users and the bcrypt hashes of their passwords. */
export type Users = ReadonlyMap<string, string>;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** Each step doubles the time of a check: 14 takes 1.5 s, and other checks wait meanwhile. */
const MAX_COST = 14;
const MIN_COST = 4;

/**
 * Reads a password file. Empty lines and those that begin with `#` are skipped; if a user has
 * several lines, the last one counts.
 *
 * @throws OptionError which names the line, but never repeats a hash
 */
export function parseHtpasswd(text: string): Users {
  const users = new Map<string, string>();
  text.split(/\r?\n/).forEach((line, at) => {
    if (line.trim() === "" || line.startsWith("#")) return;
    const wrong = (why: string) => new OptionError("auth-file", `line ${at + 1} ${why}`);
    const colon = line.indexOf(":");
    if (colon < 1) throw wrong("has no user; write lines with 'htpasswd -B FILE USER'");
    const hash = line.slice(colon + 1).trim();
    const cost = Number(BCRYPT.exec(hash)?.[1] ?? NaN);
    if (Number.isNaN(cost)) {
      throw wrong("holds no bcrypt hash ($2y$…); write it with 'htpasswd -B FILE USER'");
    }
    if (cost < MIN_COST || cost > MAX_COST) {
      throw wrong(`has the cost ${cost}, and ${MIN_COST} to ${MAX_COST} can be afforded`);
    }
    users.set(line.slice(0, colon), hash);
  });
  if (users.size === 0) {
    throw new OptionError("auth-file", "it names nobody; write it with 'htpasswd -B -c FILE USER'");
  }
  return users;
}

/**
 * The hash to compare the password of `user` with. For an unknown user it is the hash of another
 * one, so that the answer takes as long and does not reveal which users exist.
 */
export function hashFor(users: Users, user: string): { hash: string; isUser: boolean } {
  const hash = users.get(user);
  if (hash !== undefined) return { hash, isUser: true };
  return { hash: [...users.values()][0], isUser: false };
}
