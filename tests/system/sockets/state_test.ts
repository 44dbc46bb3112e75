import assert from "node:assert/strict";
import { stateFromNumber, stateMask, STATES, statesNamed } from "../../../system/sockets/state.ts";

Deno.test("stateFromNumber() has the kernel's numbers", () => {
  assert.equal(stateFromNumber(1), "established");
  assert.equal(stateFromNumber(6), "time-wait");
  assert.equal(stateFromNumber(10), "listening");
  assert.equal(stateFromNumber(11), "closing");
  assert.equal(stateFromNumber(0), undefined);
  assert.equal(stateFromNumber(12), undefined);
});

Deno.test("stateMask() sets the bit with the state's number", () => {
  assert.equal(stateMask([]), 0);
  assert.equal(stateMask(["time-wait"]), 0x40);
  assert.equal(stateMask(["established", "listening"]), 0x402);
  assert.equal(stateMask(STATES), 0xffe);
});

Deno.test("statesNamed() takes each state's name, as ss and as the kernel write it", () => {
  for (const state of STATES) {
    assert.deepEqual(statesNamed(state), [state]);
    assert.deepEqual(statesNamed(state.toUpperCase().replaceAll("-", "_")), [state]);
  }
});

Deno.test("statesNamed() takes the abbreviations and groups of ss", () => {
  assert.deepEqual(statesNamed("estab"), ["established"]);
  assert.deepEqual(statesNamed("LISTEN"), ["listening"]);
  assert.deepEqual(statesNamed("all"), STATES);
  assert.deepEqual(statesNamed("bucket"), ["syn-recv", "time-wait"]);
  assert.ok(!statesNamed("connected")!.includes("listening"));
  assert.ok(!statesNamed("synchronized")!.includes("syn-sent"));
});

Deno.test("statesNamed() does not take other words", () => {
  for (const word of ["", "time", "timewait", "toString", "__proto__", "1"]) {
    assert.equal(statesNamed(word), undefined, word);
  }
});
