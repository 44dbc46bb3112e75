import assert from "node:assert/strict";
import fc from "fast-check";
import {
  byteShare,
  cellGrid,
  type CellSlots,
  nextPlace,
  NO_SLOTS,
  phaseCounts,
  placeAt,
  placeCells,
} from "../../../../play/page/views/cell_slots.ts";

/** The places after each of some samples. */
function placed(samples: number[][]): CellSlots {
  return samples.reduce<CellSlots>((slots, ids) => placeCells(slots, { ids }), NO_SLOTS);
}

const PLACES: { name: string; samples: number[][]; expected: (number | null)[] }[] = [
  { name: "new ones by their ids", samples: [[30, 10, 20]], expected: [10, 20, 30] },
  {
    name: "one that is closed leaves its place",
    samples: [[1, 2, 3], [1, 3]],
    expected: [1, null, 3],
  },
  {
    name: "a new one takes the first free place",
    samples: [[1, 2, 3], [3, 4, 5, 6]],
    expected: [4, 5, 3, 6],
  },
  { name: "none is left", samples: [[1, 2], []], expected: [] },
];

for (const { name, samples, expected } of PLACES) {
  Deno.test(`placeCells(): ${name}`, () => {
    assert.deepEqual(placed(samples).ids, expected);
  });
}

Deno.test("placeCells(): says where a connection stands in the sample", () => {
  assert.deepEqual(placed([[1, 2, 3], [9, 3]]), { ids: [9, null, 3], indexes: [0, -1, 1] });
});

Deno.test("placeCells(): each open connection has one place, and keeps it", () => {
  const samples = fc.array(fc.uniqueArray(fc.nat(50)));
  fc.assert(fc.property(samples, (samples) => {
    let before = NO_SLOTS;
    for (const ids of samples) {
      const slots = placeCells(before, { ids });
      const shown = slots.ids.filter((id) => id !== null);
      assert.deepEqual(shown.toSorted((a, b) => a - b), ids.toSorted((a, b) => a - b));
      slots.indexes.forEach((index, place) => assert.equal(ids[index] ?? null, slots.ids[place]));
      before.ids.forEach((id, place) => {
        if (id !== null && ids.includes(id)) assert.equal(slots.ids[place], id);
      });
      before = slots;
    }
  }));
});

Deno.test("cellGrid(): takes the largest cells that fit", () => {
  const cases: [places: number, width: number, height: number, expected: number[]][] = [
    [0, 300, 100, [28, 10, 0]],
    [10, 300, 100, [28, 10, 1]],
    [11, 300, 30, [27, 11, 1]],
    [2000, 800, 300, [10, 80, 25]],
    // As small as can be told apart: what does not fit is below.
    [2000, 300, 300, [8, 37, 55]],
  ];
  for (const [places, width, height, expected] of cases) {
    const { pitch, columns, rows } = cellGrid(places, width, height);
    assert.deepEqual([pitch, columns, rows], expected, `${places} in ${width} x ${height}`);
  }
});

Deno.test("placeAt(): finds the place of a point", () => {
  const grid = { pitch: 10, columns: 3, rows: 2 };
  const cases: [x: number, y: number, expected: number][] = [
    [0, 0, 0],
    [9.9, 9.9, 0],
    [29, 0, 2],
    [0, 10, 3],
    [30, 0, -1],
    [0, 20, -1],
    [-1, 0, -1],
  ];
  for (const [x, y, expected] of cases) assert.equal(placeAt(grid, x, y), expected, `${x}, ${y}`);
});

Deno.test("nextPlace(): goes to the next connection, over free places, and stays at the end", () => {
  const slots = placed([[1, 2, 3, 4], [1, 3, 4]]);
  assert.deepEqual(slots.ids, [1, null, 3, 4]);
  const cases: [from: number, step: number, expected: number][] = [
    [-1, 1, 0],
    [0, 1, 2],
    [2, -1, 0],
    [3, 1, 3],
    [0, -1, 0],
    [0, 2, 2],
    [4, -1, 3],
  ];
  for (const [from, step, expected] of cases) {
    assert.equal(nextPlace(slots, from, step), expected, `${from} ${step}`);
  }
});

Deno.test("phaseCounts(): counts connections by phase", () => {
  assert.deepEqual(phaseCounts({ phases: [0, 3, 0, 1] }), [2, 1, 0, 1]);
  assert.deepEqual(phaseCounts({ phases: [] }), []);
});

Deno.test("byteShare(): is logarithmic, 1 at the most", () => {
  assert.equal(byteShare(0, 65_536), 0);
  assert.equal(byteShare(255, 65_535), 0.5);
  assert.equal(byteShare(65_535, 65_535), 1);
  assert.equal(byteShare(1e9, 65_535), 1);
});
