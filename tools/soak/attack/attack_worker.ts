/** Runs attacks on a thread of their own, so that they do not slow the well-behaved clients down. */
import { messageOf } from "../../../system/message_of.ts";
import { ATTACKS, type Victims } from "./attacks.ts";

/** The first message to a Worker; the second is `"stop"`. */
export interface AttackOrder {
  names: readonly string[];
  victims: Victims;
}

/** How much each attack did, by name. */
export type AttackCounts = Record<string, number>;

/** What it answers at the end, or as soon as an attack has found a fault. */
export type AttackResult = { counts: AttackCounts } | { fault: string };

const stopped = new AbortController();
const scope = self as unknown as {
  onmessage: (event: MessageEvent) => void;
  postMessage(message: AttackResult): void;
};

scope.onmessage = async ({ data }: MessageEvent<AttackOrder | "stop">) => {
  if (data === "stop") return stopped.abort();
  const counts: AttackCounts = {};
  try {
    await Promise.all(data.names.map(async (name) => {
      counts[name] = await ATTACKS[name](data.victims, stopped.signal);
    }));
    scope.postMessage({ counts });
  } catch (error) {
    scope.postMessage({ fault: messageOf(error) });
  }
};
