/** Stacked areas. */

/** Values of one area, one for each moment; null where they are not known. */
export type Values = readonly (number | null)[];

/**
 * The upper edges of stacked areas, the lowest first. Above an unknown value, all edges are unknown.
 */
export function stacked(layers: readonly Values[]): (number | null)[][] {
  const edges: (number | null)[][] = [];
  layers.forEach((layer, at) => {
    edges.push(layer.map((value, i) => {
      const below = at === 0 ? 0 : edges[at - 1][i];
      return value === null || below === null ? null : below + value;
    }));
  });
  return edges;
}

/** States of TCP sockets in the order of a connection's life, from the bottom of the stack to its top. */
export const STATE_ORDER = [
  "syn-sent",
  "syn-recv",
  "established",
  "close-wait",
  "last-ack",
  "fin-wait-1",
  "fin-wait-2",
  "closing",
  "closed",
  "time-wait",
] as const;

/** The states that occur in `records`, in {@linkcode STATE_ORDER}; established and TIME-WAIT always. */
export function statesIn(records: readonly (Readonly<Record<string, number>> | null)[]): string[] {
  const found = new Set<string>(["established", "time-wait"]);
  for (const record of records) {
    for (const [state, count] of Object.entries(record ?? {})) if (count > 0) found.add(state);
  }
  const order: readonly string[] = STATE_ORDER;
  const rank = (state: string) => order.includes(state) ? order.indexOf(state) : order.length;
  return [...found].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
