import assert from "node:assert/strict";
import { loadErrorRates, loadErrorTotals, loadRate } from "../../../../play/page/views/loads.ts";
import type { LoadView } from "../../../../play/protocol.ts";
import { frameAt, load, loadSample, SERVER } from "./frames.ts";

/** Frames a tenth of a second apart, with the loads of each. */
const frames = (...loads: LoadView[][]) => loads.map((loads, i) => frameAt(i * 100, { loads }));

const sent = (endMs: number, answers: number, done = answers) =>
  loadSample(endMs, { answers, done });
const failed = (endMs: number, errors: Record<string, number>) => loadSample(endMs, { errors });

Deno.test("loadRate(): divides answers by the time that the samples tell of", () => {
  const cases: { name: string; loads: LoadView[][]; expected: number | null }[] = [
    { name: "no load", loads: [[], []], expected: null },
    { name: "a load that has not told", loads: [[], [load()]], expected: null },
    {
      name: "what the first frame brought belongs to the window before",
      loads: [[load({ samples: [sent(0, 999)] })], [load({ samples: [sent(100, 10)] })]],
      expected: 100,
    },
    {
      name: "samples that come late and together",
      loads: [[], [load()], [load({ samples: [sent(100, 10), sent(200, 30, 40)] })]],
      expected: 200,
    },
    {
      name: "a sample between them was in a frame that the page has missed",
      loads: [[], [load({ samples: [sent(100, 10)] })], [load({ samples: [sent(300, 30, 60)] })]],
      expected: 200,
    },
    {
      name: "two loads",
      loads: [[], [
        load({ samples: [sent(100, 10)] }),
        load({ id: "l2", samples: [sent(90, 5)] }),
      ]],
      expected: 150,
    },
    {
      name: "a load on another server",
      loads: [[], [load({ serverId: "s2", samples: [sent(100, 10)] })]],
      expected: null,
    },
  ];
  for (const { name, loads, expected } of cases) {
    assert.equal(loadRate(frames(...loads), SERVER), expected, name);
  }
});

Deno.test("loadErrorRates(): takes differences of totals, from 0 for a load that is new", () => {
  const cases: {
    name: string;
    loads: LoadView[][];
    expected: Record<string, number> | null;
  }[] = [
    { name: "no load", loads: [[], []], expected: null },
    {
      name: "a load that went on",
      loads: [
        [load({ samples: [failed(0, { reset: 100, timeout: 1 })] })],
        [load({ samples: [failed(100, { reset: 103, timeout: 1 })] })],
      ],
      expected: { reset: 30, timeout: 0 },
    },
    {
      name: "a new load",
      loads: [[], [load({ samples: [failed(100, { reset: 2 })] })]],
      expected: { reset: 20 },
    },
    {
      name: "one sample of a load that was there before says nothing of growth",
      loads: [[load()], [load({ samples: [failed(100, { reset: 2 })] })]],
      expected: null,
    },
    {
      name: "two loads add up",
      loads: [[], [
        load({ samples: [failed(100, { reset: 2 })] }),
        load({ id: "l2", samples: [failed(100, { reset: 1, refused: 1 })] }),
      ]],
      expected: { reset: 30, refused: 10 },
    },
  ];
  for (const { name, loads, expected } of cases) {
    assert.deepEqual(loadErrorRates(frames(...loads), SERVER), expected, name);
  }
});

Deno.test("loadErrorTotals(): adds up the newest totals of each load, ended ones included", () => {
  const all = frames(
    [load({ samples: [failed(0, { reset: 1 })] })],
    [load({ samples: [failed(100, { reset: 4 })] })],
    [load({ id: "l2", samples: [failed(200, { reset: 1, closed: 2 })] })],
    [load({ id: "l2" })],
  );
  assert.deepEqual(loadErrorTotals(all, SERVER), { reset: 5, closed: 2 });
  assert.deepEqual(loadErrorTotals(all, "s2"), {});
});
