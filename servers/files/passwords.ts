/** Passwords of `--auth-file` on a thread that answers: checked elsewhere, remembered here. */
import { nodeCrypto } from "../../system/node.ts";
import { Cache } from "./cache.ts";
import { type Clock, systemClock } from "../../system/clock.ts";
import type { Credentials } from "./options.ts";

/** How long a correct password is accepted without another check. */
const REMEMBER_MS = 60_000;

/** Most users that are remembered. */
const MAX_REMEMBERED = 1000;

/** Where passwords are compared with the file. */
export interface PasswordJudge {
  /** @returns undefined when too many checks wait */
  isRight(credentials: Credentials): Promise<boolean | undefined>;
}

/** A correct password. */
interface Remembered {
  untilMs: number;
  revision: number;
}

/**
 * Asks the judge, and remembers correct passwords for a minute, because a bcrypt check is slow by
 * design. Only a keyed digest is remembered, which does not reveal the password. Wrong passwords
 * are checked each time.
 */
export class Passwords {
  readonly #judge: PasswordJudge;
  readonly #revision: Int32Array;
  readonly #clock: Clock;
  readonly #key = nodeCrypto().randomBytes(32);
  readonly #right = new Cache<Remembered>(MAX_REMEMBERED);
  /** Checks that are under way, shared because browsers request several files at once. */
  readonly #asked = new Map<string, Promise<boolean | undefined>>();

  /**
   * @param revision changes when the file was read again; what was remembered before no longer
   * counts
   */
  constructor(judge: PasswordJudge, revision: SharedArrayBuffer, clock: Clock = systemClock) {
    this.#judge = judge;
    this.#revision = new Int32Array(revision);
    this.#clock = clock;
  }

  /** Whether the password is correct; undefined when too many checks wait. */
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
