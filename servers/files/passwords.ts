/** Passwords of `--auth-file` as a thread that answers sees them: judged elsewhere, remembered here. */
import { nodeCrypto } from "../../system/node.ts";
import { Cache } from "./cache.ts";
import { type Clock, systemClock } from "../../system/clock.ts";
import type { Credentials } from "./options.ts";

/** How long a right password is taken without another check. */
const REMEMBER_MS = 60_000;

/** Users that are remembered at the most. */
const MAX_REMEMBERED = 1000;

/** Where passwords are compared with the file. */
export interface PasswordJudge {
  /** @returns undefined when too many wait for it */
  isRight(credentials: Credentials): Promise<boolean | undefined>;
}

/** A right password. */
interface Remembered {
  untilMs: number;
  revision: number;
}

/**
 * Asks the judge, and remembers right passwords for a minute: a check takes long on purpose. What is
 * remembered is a keyed digest, from which nobody gets the password. Wrong ones are judged each time.
 */
export class Passwords {
  readonly #judge: PasswordJudge;
  readonly #revision: Int32Array;
  readonly #clock: Clock;
  readonly #key = nodeCrypto().randomBytes(32);
  readonly #right = new Cache<Remembered>(MAX_REMEMBERED);
  /** Checks that are under way: a browser asks for several files at once. */
  readonly #asked = new Map<string, Promise<boolean | undefined>>();

  /** @param revision is another number when the file was read again: then nothing is remembered */
  constructor(judge: PasswordJudge, revision: SharedArrayBuffer, clock: Clock = systemClock) {
    this.#judge = judge;
    this.#revision = new Int32Array(revision);
    this.#clock = clock;
  }

  /** Whether the password is right; undefined when too many wait for the judge. */
  isRight(credentials: Credentials): true | Promise<boolean | undefined> {
    const revision = Atomics.load(this.#revision, 0);
    const { user, password } = credentials;
    const digest = nodeCrypto().createHmac("sha256", this.#key).update(`${user}:${password}`)
      .digest("base64");
    const known = this.#right.get(digest);
    if (known?.revision === revision && this.#clock.nowMs() < known.untilMs) return true;
    const key = `${revision}:${digest}`;
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#ask(credentials, { digest, revision });
      this.#asked.set(key, asked);
      asked.finally(() => this.#asked.delete(key));
    }
    return asked;
  }

  async #ask(
    credentials: Credentials,
    { digest, revision }: { digest: string; revision: number },
  ): Promise<boolean | undefined> {
    const isRight = await this.#judge.isRight(credentials);
    if (isRight) {
      const untilMs = this.#clock.nowMs() + REMEMBER_MS;
      this.#right.set(digest, { untilMs, revision }, { bytes: 1 });
    }
    return isRight;
  }
}
