/** Areas that stand on each other. */

/** Values of one area, a moment each; null where they are not known. */
export type Values = readonly (number | null)[];

/**
 * The upper edges of areas that stand on each other, the first lowest. Where one is not known, none is.
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

/** Of these states, those that some record counts. Established and TIME-WAIT are always told. */
export function statesIn(records: readonly (Readonly<Record<string, number>> | null)[]): string[] {
  const found = new Set<string>(["established", "time-wait"]);
  for (const record of records) {
    for (const [state, count] of Object.entries(record ?? {})) if (count > 0) found.add(state);
  }
  const order: readonly string[] = STATE_ORDER;
  const rank = (state: string) => order.includes(state) ? order.indexOf(state) : order.length;
  return [...found].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
