import assert from "node:assert/strict";
import {
  parseCpuList,
  parseCpuModel,
  parsePressure,
  parseUlimits,
  readMachine,
} from "../../system/machine.ts";

const CPU_LISTS: [text: string, count: number | null][] = [
  ["0\n", 1],
  ["0-3\n", 4],
  ["0-1,4,6-7\n", 5],
  ["", null],
  ["all", null],
];

for (const [text, count] of CPU_LISTS) {
  Deno.test(`parseCpuList() of ${JSON.stringify(text)}`, () => {
    assert.equal(parseCpuList(text), count);
  });
}

Deno.test("parseCpuModel() reads what x86 and arm name", () => {
  assert.equal(parseCpuModel("processor\t: 0\nmodel name\t: AMD EPYC\n"), "AMD EPYC");
  assert.equal(parseCpuModel("processor\t: 0\nModel\t\t: Raspberry Pi 4\n"), "Raspberry Pi 4");
  assert.equal(parseCpuModel("processor\t: 0\n"), null);
});

Deno.test("parsePressure() reads the last ten seconds", () => {
  const text = "some avg10=12.34 avg60=1.00 avg300=0.50 total=99\nfull avg10=0.00 total=0\n";
  assert.equal(parsePressure(text), 12.34);
  assert.equal(parsePressure(""), null);
});

Deno.test("parseUlimits() reads soft and hard limits, null for unlimited", () => {
  const text = "Limit                     Soft Limit           Hard Limit           Units\n" +
    "Max open files            1024                 1048576              files\n" +
    "Max locked memory         8388608              unlimited            bytes\n";
  assert.deepEqual(parseUlimits(text), [
    { name: "open files", soft: 1024, hard: 1048576 },
    { name: "locked memory", soft: 8388608, hard: null },
  ]);
});

Deno.test("readMachine() knows this machine", () => {
  const machine = readMachine();
  assert.equal(machine.os, Deno.build.os);
  assert.ok(machine.cores >= 1 && machine.memoryBytes > 2 ** 20);
  if (Deno.build.os === "linux") {
    assert.ok(machine.coresOnline! >= machine.cores);
    assert.ok(machine.availableBytes! <= machine.memoryBytes);
    assert.equal(machine.ulimits.length, 3);
  }
});
