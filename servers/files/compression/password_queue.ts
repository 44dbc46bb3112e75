/** Passwords that wait to be checked: one at a time, as each check takes much CPU time. */
import { hashFor, type Users } from "../htpasswd.ts";
import type { Credentials } from "../options.ts";
import type { PasswordJudge } from "../passwords.ts";

/** Most checks that may wait; further requests get 503. */
const MAX_WAITING = 64;

/** What is compared. */
export interface Comparison {
  password: string;
  hash: string;
}

/** Checks passwords for all threads of a server. */
export class PasswordQueue implements PasswordJudge {
  /** Users and their password hashes. */
  users: Users;
  readonly #compare: (comparison: Comparison) => Promise<boolean | undefined>;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param compare does the work; never rejects */
  constructor(users: Users, compare: (comparison: Comparison) => Promise<boolean | undefined>) {
    this.users = users;
    this.#compare = compare;
  }

  isRight({ user, password }: Credentials): Promise<boolean | undefined> {
    if (this.#waiting >= MAX_WAITING) return Promise.resolve(undefined);
    this.#waiting++;
    const judged = this.#last.then(async () => {
      const { hash, isUser } = hashFor(this.users, user);
      const isEqual = await this.#compare({ password, hash });
      this.#waiting--;
      return isEqual && isUser;
    });
    this.#last = judged;
    return judged;
  }
}
