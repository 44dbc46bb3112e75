import assert from "node:assert/strict";
import {
  addressOf,
  highWord,
  lowWord,
  MemoryPointers,
  pointerOf,
} from "../../../system/linux/memory.ts";
import { notLinux } from "./sockets.ts";

const SHARED = { initial: 16, maximum: 16, shared: true };

function addressAt(pointer: Deno.PointerObject): number {
  return Number(Deno.UnsafePointer.value(pointer));
}

Deno.test("addressOf() and pointerOf() name the first byte of a view", { ignore: notLinux }, () => {
  const memory = new Uint8Array(new WebAssembly.Memory(SHARED).buffer);
  for (const array of [new Uint8Array(4), new Int32Array(1000), memory]) {
    assert.equal(addressOf(array), addressAt(pointerOf(array)));
    assert.equal(
      addressAt(pointerOf(array)),
      Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(array as Uint8Array<ArrayBuffer>))),
    );
    assert.equal(addressOf(array.subarray(2)), addressOf(array) + 2 * array.BYTES_PER_ELEMENT);
  }
});

Deno.test("pointerOf() of a small array holds when it was moved", { ignore: notLinux }, () => {
  const arrays = Array.from({ length: 100 }, (_, i) => new Int32Array([i]));
  const pointers = arrays.map(pointerOf);
  for (let i = 0; i < 100; ++i) new Array(100_000).fill({});
  arrays.forEach((array, i) => {
    array[0] = i + 1000;
    assert.equal(new Deno.UnsafePointerView(pointers[i]).getInt32(), i + 1000);
  });
});

Deno.test("lowWord() and highWord() make up an address", { ignore: notLinux }, () => {
  const address = 0x7f12_fedc_ba98;
  assert.deepEqual([highWord(address), lowWord(address)], [0x7f12, 0xfedcba98]);
});

Deno.test("MemoryPointers.at() points to the offset, for any number of offsets", {
  ignore: notLinux,
}, () => {
  const memory = new Uint8Array(new WebAssembly.Memory(SHARED).buffer);
  const pointers = new MemoryPointers(memory);
  assert.equal(pointers.base, addressOf(memory));
  for (let round = 0; round < 2; ++round) {
    for (let offset = 0; offset < memory.length; offset += 17) {
      assert.equal(addressAt(pointers.at(offset)), pointers.base + offset);
    }
  }
  assert.equal(pointers.at(34), pointers.at(34), "it is kept");
});
