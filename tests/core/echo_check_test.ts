import assert from "node:assert/strict";
import fc from "fast-check";
import { EchoCheck, type EchoSlot, EchoVerdict } from "../../core/mod.ts";

/** The whole message that `slot` has begun. */
function messageOf(slot: EchoSlot): Uint8Array {
  const parts: number[] = [];
  for (let part = slot.nextPart(); part.length > 0; part = slot.nextPart()) parts.push(...part);
  return Uint8Array.from(parts);
}

function slotOf(sizeBytes: number, text?: Uint8Array): EchoSlot {
  return new EchoCheck({ slots: 1, sizeBytes, text }).open();
}

/** Feeds `echo` in stretches of the given lengths, repeated as needed, until a final verdict. */
function feed(slot: EchoSlot, echo: Uint8Array, stretches: number[]): EchoVerdict {
  let verdict = EchoVerdict.NeedMore;
  for (let at = 0, i = 0; at < echo.length && verdict === EchoVerdict.NeedMore; i++) {
    const room = Math.min(stretches[i % stretches.length], slot.receiveView.length);
    const stretch = echo.subarray(at, at + room);
    slot.receiveView.set(stretch);
    verdict = slot.check(stretch.length);
    at += stretch.length;
  }
  return verdict;
}

const SIZES = [1, 2, 8, 15, 16, 17, 31, 32, 33, 64, 100, 4096, 65535, 65536, 65537, 200_001];

for (const size of SIZES) {
  Deno.test(`EchoSlot: ${size} bytes come back whole, byte by byte and in odd stretches`, () => {
    const slot = slotOf(size);
    for (const stretches of [[size], [1], [7, 16, 1, 4096], [65536]]) {
      slot.begin(3, 1, 4);
      const message = messageOf(slot);
      assert.equal(message.length, size);
      assert.equal(feed(slot, message.subarray(0, size - 1), stretches), EchoVerdict.NeedMore);
      assert.equal(slot.checkedBytes, size - 1);
      assert.equal(feed(slot, message.subarray(size - 1), stretches), EchoVerdict.Match);
    }
  });
}

Deno.test("EchoSlot: messages are printable and state checksum, client, round, sequence", () => {
  const slot = slotOf(1000);
  slot.begin(0xabc, 17, 0xffffffff);
  const text = new TextDecoder().decode(messageOf(slot));
  assert.match(text, /^[0-9a-f]{8}00000abc00000011ffffffff[0-o]{968}$/);
});

Deno.test("EchoSlot: no two messages of a run are equal, from 8 bytes up", () => {
  for (const size of [8, 20, 64]) {
    const slot = slotOf(size);
    const seen = new Set<string>();
    for (let client = 0; client < 20; client++) {
      for (let round = 0; round < 10; round++) {
        for (let sequence = 0; sequence < 10; sequence++) {
          slot.begin(client, round, sequence);
          seen.add(new TextDecoder().decode(messageOf(slot)));
        }
      }
    }
    assert.equal(seen.size, 2000, `${size} bytes`);
  }
});

Deno.test("EchoSlot: the first wrong byte is found, wherever and in whatever stretches", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 300 }),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
    (size, where, flip, stretches) => {
      const slot = slotOf(size);
      slot.begin(1, 2, 3);
      const echo = messageOf(slot);
      const at = where % size;
      echo[at] ^= flip;
      assert.equal(feed(slot, echo, stretches), EchoVerdict.Mismatch);
      assert.equal(slot.mismatchAt, at);
      assert.equal(slot.checkedBytes, at);
    },
  ));
});

Deno.test("EchoSlot: a lost, added or swapped byte of the filler is a mismatch", () => {
  const slot = slotOf(256);
  slot.begin(0, 0, 0);
  const sent = [...messageOf(slot)];
  const lost = sent.toSpliced(100, 1);
  const added = sent.toSpliced(100, 0, sent[100] ^ 1);
  const swapped = sent.with(100, sent[101]).with(101, sent[100]);
  assert.notEqual(sent[100], sent[101]);
  for (const echo of [lost, added, swapped]) {
    slot.begin(0, 0, 0);
    assert.equal(feed(slot, Uint8Array.from(echo), [32]), EchoVerdict.Mismatch);
    assert.ok(slot.mismatchAt >= 100 && slot.mismatchAt <= 102, `at ${slot.mismatchAt}`);
  }
});

Deno.test("EchoSlot: bytes behind the end are a mismatch at the size", () => {
  const slot = slotOf(60);
  slot.begin(0, 0, 0);
  const echo = Uint8Array.from([...messageOf(slot), 0x21]);
  assert.equal(feed(slot, echo, [61]), EchoVerdict.Mismatch);
  assert.equal(slot.mismatchAt, 60);
});

Deno.test("EchoSlot.identify: names the message that came instead", () => {
  const check = new EchoCheck({ slots: 2, sizeBytes: 64 });
  const [mine, other] = [check.open(), check.open()];
  mine.begin(0, 0, 0);
  other.begin(7, 1, 5);
  const echo = messageOf(other);
  assert.equal(feed(mine, echo, [64]), EchoVerdict.Mismatch);
  assert.deepEqual(mine.identify(64), { client: 7, round: 1, sequence: 5 });
  mine.receiveView[10] ^= 1;
  assert.equal(mine.identify(64), null, "a damaged header fails its checksum");
});

Deno.test("EchoSlot: slots of one check do not touch each other", () => {
  const check = new EchoCheck({ slots: 3, sizeBytes: 100 });
  const slots = [check.open(), check.open(), check.open()];
  slots.forEach((slot, i) => slot.begin(i, 0, 0));
  const messages = slots.map(messageOf);
  slots.forEach((slot, i) => assert.equal(feed(slot, messages[i], [33]), EchoVerdict.Match));
  assert.throws(() => check.open(), RangeError);
});

for (const length of [1, 5, 16, 31, 100, 70_000]) {
  Deno.test(`EchoCheck: a text of ${length} bytes is sent as it is, by every slot`, () => {
    const text = Uint8Array.from({ length }, (_, i) => 32 + i % 90);
    const check = new EchoCheck({ slots: 2, sizeBytes: 1, text });
    assert.equal(check.sizeBytes, length);
    for (const slot of [check.open(), check.open()]) {
      slot.begin(1, 2, 3);
      assert.deepEqual(messageOf(slot), text);
      assert.equal(feed(slot, text, [13]), EchoVerdict.Match);
      slot.begin(1, 2, 4);
      const wrong = text.with(length - 1, 7);
      assert.equal(feed(slot, wrong, [999]), EchoVerdict.Mismatch);
      assert.equal(slot.mismatchAt, length - 1);
    }
  });
}

Deno.test("EchoSlot: bytes of any value may follow, as many as are expected", () => {
  const slot = new EchoCheck({ slots: 1, sizeBytes: 20, paddingBytes: 12 }).open();
  for (const stretches of [[100], [1], [20, 1], [19, 5]]) {
    slot.begin(1, 2, 3);
    const padded = new Uint8Array(32).fill(7);
    padded.set(messageOf(slot));
    assert.equal(feed(slot, padded.subarray(0, 31), stretches), EchoVerdict.NeedMore);
    assert.equal(feed(slot, padded.subarray(31), stretches), EchoVerdict.Match);
    assert.equal(feed(slot, padded.subarray(0, 1), stretches), EchoVerdict.Mismatch);
    assert.equal(slot.mismatchAt, 20);
  }
});
