/** Listings as shared work: who joins in, who ends it, and how much there is of it. */
import assert from "node:assert/strict";
import { EntryPack } from "../../../servers/files/entry_pack.ts";
import { ListingRoom, MAX_HELD_ENTRIES } from "../../../servers/files/listing_room.ts";
import { Listings } from "../../../servers/files/listings.ts";
import type { SortedEntries } from "../../../servers/files/listing_order.ts";

const MAX_WORKS = 2;
const ASCENDING = { descending: false };

function packOf(...names: string[]): EntryPack {
  return new EntryPack(names.map((name, n) => ({
    name,
    kind: "file",
    size: names.length - n,
    mtimeMs: 0,
    linked: true,
  })));
}

function namesOf(sorted: SortedEntries): string {
  return Array.from(sorted.inOrder(ASCENDING), ({ name }) => name).join(" ");
}

/** Listings of directories that are read when the test says so. */
class Directories {
  readonly readings: { path: string; signal: AbortSignal; end: (packs: EntryPack[]) => void }[] =
    [];
  readonly room: ListingRoom;
  readonly listings: Listings;

  constructor(room = new ListingRoom({ maxWaiting: 2 })) {
    this.room = room;
    this.listings = new Listings((path, signal) => {
      const { promise, resolve } = Promise.withResolvers<EntryPack[]>();
      this.readings.push({ path, signal, end: resolve });
      return promise;
    }, this.room);
  }

  /** Waits until so many readings have begun. */
  async untilReadings(count: number): Promise<void> {
    while (this.readings.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("Listings share a reading between all who ask, and a sorting between equal orders", async () => {
  const directories = new Directories();
  const { listings, readings } = directories;
  const shares = [
    listings.join("d", "name"),
    listings.join("d", "size"),
    listings.join("d", "name"),
  ];
  assert.equal(shares[0].sorted, shares[2].sorted);
  await directories.untilReadings(1);
  readings[0].end([packOf("b", "c", "a")]);
  assert.equal(namesOf(await shares[0].sorted), "a b c");
  assert.equal(namesOf(await shares[1].sorted), "a c b");
  // What is ready is for those who have asked for it.
  const later = listings.join("d", "name");
  await directories.untilReadings(2);
  readings[1].end([packOf("new")]);
  assert.equal(namesOf(await later.sorted), "new");
  for (const share of [...shares, later]) share.leave();
});

Deno.test("Listings end a work when the last reader leaves, and not before", async () => {
  const directories = new Directories();
  const { listings, readings } = directories;
  const [one, two] = [listings.join("d", "name"), listings.join("d", "date")];
  await directories.untilReadings(1);
  one.leave();
  one.leave();
  assert.equal(readings[0].signal.aborted, false);
  two.leave();
  assert.equal(readings[0].signal.aborted, true);
  // Who comes then begins anew.
  const next = listings.join("d", "name");
  readings[0].end([packOf("old")]);
  await assert.rejects(two.sorted, { name: "AbortError" });
  await directories.untilReadings(2);
  readings[1].end([packOf("new")]);
  assert.equal(namesOf(await next.sorted), "new");
  next.leave();
});

Deno.test("Listings tell all readers when a directory cannot be read", async () => {
  const room = new ListingRoom();
  const listings = new Listings(() => Promise.reject(new Deno.errors.NotFound("d")), room);
  const shares = [listings.join("d", "name"), listings.join("d", "size")];
  for (const { sorted } of shares) await assert.rejects(sorted, Deno.errors.NotFound);
  for (const share of shares) share.leave();
  assert.equal(room.hasRoom(), true);
});

Deno.test("ListingRoom bounds works and waiters over all who share it", async () => {
  const room = new ListingRoom({ maxWaiting: 2 });
  const workers = [new Directories(room), new Directories(room), new Directories(room)];
  const shares = workers.map(({ listings }) => listings.join("d", "name"));
  await Promise.all([workers[0].untilReadings(1), workers[1].untilReadings(1)]);
  const begun = () => workers.reduce((sum, { readings }) => sum + readings.length, 0);
  assert.equal(begun(), MAX_WORKS);
  assert.ok(workers[0].room.hasRoom(), "one more may wait");
  const gone = workers[0].listings.join("e", "name");
  assert.equal(workers[1].listings.hasRoomFor("e"), false);
  assert.equal(workers[0].listings.hasRoomFor("e"), true, "to join in takes no room");
  gone.leave();
  assert.equal(workers[1].listings.hasRoomFor("e"), true, "at once");
  await assert.rejects(gone.sorted, { name: "AbortError" });
  workers[0].readings[0].end([packOf("a")]);
  await workers[2].untilReadings(1);
  workers[1].readings[0].end([packOf("b")]);
  workers[2].readings[0].end([packOf("c")]);
  const all = await Promise.all(shares.map(({ sorted }) => sorted));
  assert.equal(all.map(namesOf).join(" "), "a b c");
  for (const share of shares) share.leave();
});

Deno.test("ListingRoom has the turn of a work that is aborted at once, though it goes on", async () => {
  const directories = new Directories();
  const { listings, readings } = directories;
  const aborted = ["a", "b"].map((path) => listings.join(path, "name"));
  await directories.untilReadings(MAX_WORKS);
  for (const share of aborted) share.leave();
  const next = ["c", "d"].map((path) => listings.join(path, "name"));
  await directories.untilReadings(2 * MAX_WORKS);
  for (const { end } of readings) end([packOf("x")]);
  for (const { sorted } of aborted) await assert.rejects(sorted, { name: "AbortError" });
  for (const share of next) {
    assert.equal(namesOf(await share.sorted), "x");
    share.leave();
  }
});

Deno.test("ListingRoom begins no listing while too many entries are in memory", async () => {
  const directories = new Directories();
  const { room, listings, readings } = directories;
  room.hold(MAX_HELD_ENTRIES - 2);
  const share = listings.join("d", "name");
  await directories.untilReadings(1);
  assert.equal(room.hasRoom(), true);
  readings[0].end([packOf("a", "b")]);
  await share.sorted;
  assert.equal(room.hasRoom(), false);
  share.leave();
  share.leave();
  assert.equal(room.hasRoom(), true, "what nobody reads is given back");
  room.hold(1);
  assert.equal(room.hasRoom(), true, "once");
});
