/** `--auth-file`: reads the password file, and says what is wrong with it. */
import { messageOf } from "../../system/message_of.ts";
import { OptionError, parseHtpasswd, type Users } from "../../servers/mod.ts";
import { UsageError } from "../shared/failure.ts";

/** The users who may log in. @throws {UsageError} for a file that cannot be read or used */
export function readUsers(path: string): Users {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(`option '--auth-file': cannot read '${path}': ${messageOf(error)}`);
  }
  try {
    return parseHtpasswd(text);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new UsageError(`${error.message} (in '${path}')`);
  }
}
