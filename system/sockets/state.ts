/**
 * TCP states: the kernel's numbers (include/net/tcp_states.h) and the names that `ss` gives them.
 */

/** The states' names; the kernel's number of a state is its index plus one. */
export const STATES = [
  "established",
  "syn-sent",
  "syn-recv",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "closed",
  "close-wait",
  "last-ack",
  "listening",
  "closing",
] as const;

/** The name of a TCP state. */
export type State = typeof STATES[number];

/** Other names for one state, and names for several, as `ss` has them. */
export const STATE_GROUPS: Readonly<Record<string, readonly State[]>> = {
  all: STATES,
  connected: STATES.filter((state) => state !== "listening" && state !== "closed"),
  synchronized: STATES.filter((state) => !["listening", "closed", "syn-sent"].includes(state)),
  bucket: ["syn-recv", "time-wait"],
  big: STATES.filter((state) => state !== "syn-recv" && state !== "time-wait"),
  estab: ["established"],
  listen: ["listening"],
  close: ["closed"],
  unconnected: ["closed"],
};

/** The name of the state with the kernel's number, undefined for a number that has no name. */
export function stateFromNumber(number: number): State | undefined {
  return STATES[number - 1];
}

/** The mask in which bit n stands for the state with the kernel's number n. */
export function stateMask(states: Iterable<State>): number {
  let mask = 0;
  for (const state of states) mask |= 1 << (STATES.indexOf(state) + 1);
  return mask;
}

/**
 * The states that one word names: `time-wait`, `TIME_WAIT`, `listen`, or a group such as `connected`.
 *
 * @returns undefined if the word names none
 */
export function statesNamed(word: string): readonly State[] | undefined {
  const name = word.toLowerCase().replaceAll("_", "-");
  if (Object.hasOwn(STATE_GROUPS, name)) return STATE_GROUPS[name];
  const state = STATES.find((each) => each === name);
  return state && [state];
}
