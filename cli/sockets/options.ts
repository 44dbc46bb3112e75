/** What `ktcp sockets` and `ktcp sockets drop` have in common. */
import { InvalidArgumentError, Option } from "commander";
import { type State, STATE_GROUPS, STATES, statesNamed } from "../../system/sockets/state.ts";
import { integerBetween } from "../shared/options.ts";
import { Failure } from "../shared/failure.ts";
import { suggestion } from "../shared/nearest.ts";
import { offering } from "../shared/values.ts";

/** All that can be written for states. */
const NAMES = [...STATES, ...Object.keys(STATE_GROUPS)];

/** `--state time-wait,established`. */
export function statesOption(): Option {
  return offering(
    new Option("-s, --state <list>", "only these states, separated by commas")
      .argParser(parseStates),
    NAMES,
  );
}

/** `--port 80,443`. */
export function portsOption(): Option {
  return new Option("-p, --port <list>", "only sockets with one of these ports at either end")
    .argParser(parsePorts);
}

/** Adds the states that `text` names to those of an earlier `--state`. */
function parseStates(text: string, previous: State[] = []): State[] {
  const states = text.split(",").flatMap((word) => {
    const named = statesNamed(word.trim());
    if (!named) {
      const hint = suggestion(word, NAMES) || `; states: ${STATES.join(", ")}.`;
      throw new InvalidArgumentError(`'${word}' is no state${hint}`);
    }
    return named;
  });
  return [...previous, ...states];
}

/** Adds the ports that `text` names to those of an earlier `--port`. */
function parsePorts(text: string, previous: number[] = []): number[] {
  return [...previous, ...text.split(",").map((word) => integerBetween(1, 65535)(word.trim()))];
}

/** @throws {Failure} on another system than Linux */
export function requireLinux(): void {
  if (Deno.build.os === "linux") return;
  throw new Failure(
    `needs Linux, for sock_diag and /proc/net/tcp, and this is ${Deno.build.os}; ` +
      "'netstat -an' lists sockets here",
  );
}
