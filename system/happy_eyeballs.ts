/**
 * Which addresses of a name accept connections, found as RFC 8305 ("happy eyeballs") connects: the
 * next address is tried as soon as one fails, or after 250 ms without an answer, while the earlier
 * attempts continue. An address that drops packets costs that delay, not a timeout.
 */

/** Connection Attempt Delay (RFC 8305 section 5). */
const ATTEMPT_DELAY_MS = 250;

/** How addresses are tried. */
export interface TryOptions {
  /** Connects and closes; rejects when that fails. It should end its attempt with `signal`. */
  connect(address: string, signal: AbortSignal): Promise<void>;
  /** The longest total time, in milliseconds; 0 for no limit but the system's. */
  timeoutMs: number;
  /** Whether to stop at the first address that accepts; otherwise all that accept are found. */
  isFirstEnough: boolean;
}

/**
 * Tries `addresses` and returns those that accept, in the order in which they were tried: families
 * take turns. Once one has accepted, the others are tried at once; each attempt then gets 250 ms in
 * all.
 *
 * @returns none when no address accepted in time
 */
export async function acceptingAddresses(
  addresses: readonly string[],
  { connect, timeoutMs, isFirstEnough }: TryOptions,
): Promise<string[]> {
  const order = inTurns(addresses);
  const found = new Set<string>();
  const end = new AbortController();
  const first = Promise.withResolvers<void>();
  const attempts: Promise<void>[] = [];
  /** The start time of each pending attempt. */
  const pending = new Map<string, number>();
  const startNext = () => {
    const address = order[attempts.length];
    pending.set(address, performance.now());
    const attempt = connect(address, end.signal).then(() => {
      pending.delete(address);
      if (end.signal.aborted) return;
      found.add(address);
      first.resolve();
    }, () => {
      pending.delete(address);
    });
    attempts.push(attempt);
    return attempt;
  };
  const timer = timeoutMs > 0 ? setTimeout(() => end.abort(), timeoutMs) : undefined;
  const timedOut = new Promise<void>((resolve) =>
    end.signal.addEventListener("abort", () => resolve())
  );
  try {
    while (attempts.length < order.length && found.size === 0 && !end.signal.aborted) {
      await within(ATTEMPT_DELAY_MS, [startNext(), first.promise, timedOut]);
    }
    await Promise.race([first.promise, timedOut, Promise.all(attempts)]);
    if (found.size > 0 && !isFirstEnough) {
      while (attempts.length < order.length) startNext();
      const lastMs = Math.max(...pending.values()) + ATTEMPT_DELAY_MS;
      await within(Math.max(0, lastMs - performance.now()), [Promise.all(attempts), timedOut]);
    }
  } finally {
    clearTimeout(timer);
    end.abort();
  }
  return order.filter((address) => found.has(address));
}

/** Waits for the first of `events`, at most `delayMs`. */
async function within(delayMs: number, events: Promise<unknown>[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  try {
    await Promise.race([promise, ...events]);
  } finally {
    clearTimeout(timer);
  }
}

/** `addresses` in their order, but alternating between IPv6 and IPv4 (RFC 8305 section 4). */
function inTurns(addresses: readonly string[]): string[] {
  const isSix = (address: string) => address.includes(":");
  const leading = addresses.filter((address) => isSix(address) === isSix(addresses[0]));
  const others = addresses.filter((address) => isSix(address) !== isSix(addresses[0]));
  const order: string[] = [];
  for (let i = 0; i < Math.max(leading.length, others.length); i++) {
    order.push(...leading.slice(i, i + 1), ...others.slice(i, i + 1));
  }
  return order;
}

/** A connection attempt to `port` for {@linkcode TryOptions.connect}, over Deno's own sockets. */
export function tryConnecting(port: number): TryOptions["connect"] {
  return async (hostname, signal) => {
    (await Deno.connect({ hostname, port, autoSelectFamily: false, signal })).close();
  };
}
