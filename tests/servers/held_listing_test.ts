import assert from "node:assert/strict";
import { HeldListing, MAX_HELD_BYTES } from "../../servers/resources/held_listing.ts";
import type { Sender } from "../../servers/service.ts";

/** Pieces of so many bytes that share their memory. */
function pieces(count: number, bytes: number): Uint8Array[] {
  return Array<Uint8Array>(count).fill(new Uint8Array(bytes));
}

Deno.test("HeldListing: what all hold is bounded, and is given back as it is sent", async () => {
  const half = MAX_HELD_BYTES / 2;
  const first = HeldListing.hold(pieces(2, half / 2))!;
  const second = HeldListing.hold(pieces(1, half))!;
  assert.equal(HeldListing.hold(pieces(1, 1)), undefined);
  let left = 1;
  const sender: Sender = {
    sentBytes: 0,
    flush: () => Promise.resolve(),
    write: () => left-- > 0 ? Promise.resolve() : Promise.reject(new Error("gone")),
  };
  await assert.rejects(first.send(sender), /gone/);
  const third = HeldListing.hold(pieces(1, half / 2))!;
  assert.equal(HeldListing.hold(pieces(1, 1)), undefined);
  for (const listing of [first, second, third]) listing.cancel();
  const large = HeldListing.hold(pieces(3, half));
  assert.ok(large, "one alone is sent, whatever its size");
  large.cancel();
});
