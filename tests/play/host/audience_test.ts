/** Pages that do not read: nothing gathers for them. */
import assert from "node:assert/strict";
import { Audience } from "../../../play/host/audience.ts";
import { type Resource, serveBeside, type Streamed } from "../../../servers/mod.ts";
import { Onlooker } from "../../support/play_client.ts";
import { until } from "../../support/until.ts";

Deno.test("a page that reads nothing for a while gets the newest event next", async () => {
  const audience = new Audience(() => {});
  const stream = audience.join().content as Streamed;
  const written: string[] = [];
  let release = Promise.withResolvers<void>();
  const sending = stream.send({
    sentBytes: 0,
    flush: () => Promise.resolve(),
    write: (bytes) => {
      written.push(new TextDecoder().decode(bytes));
      return release.promise;
    },
  });
  const readOn = () => {
    const { resolve } = release;
    release = Promise.withResolvers<void>();
    resolve();
  };
  audience.send(1, "a");
  audience.send(2, "b");
  readOn();
  await until(() => written.length === 2);
  for (let id = 3; id < 1000; id++) audience.send(id, "c");
  readOn();
  await until(() => written.length === 3);
  assert.deepEqual(written, ["retry: 1000\n\n", "id: 2\ndata: b\n\n", "id: 999\ndata: c\n\n"]);
  audience.close();
  readOn();
  assert.equal(await sending, true);
  assert.equal(audience.size, 0);
});

Deno.test("a page that does not read holds up no other, and what it misses is not kept", async () => {
  const audience = new Audience(() => {});
  const resource: Resource = {
    allow: "GET",
    keepsContent: false,
    answer: () => audience.join(),
  };
  const server = serveBeside(resource, {
    option: "--port",
    at: { hostname: "127.0.0.1", port: 0 },
    maxConnections: 8,
  });
  const port = Number(server.address.split(":")[1]);
  const look = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    return new Onlooker(conn);
  };
  const [reader, sleeper] = [await look(), await look()];
  await until(() => audience.size === 2);
  // More than the buffers of any socket hold.
  const data = "x".repeat(1 << 20);
  const events = 64;
  for (let id = 1; id <= events; id++) {
    audience.send(id, data);
    assert.equal((await reader.next()).id, id);
  }
  const missed: number[] = [];
  for (let last = 0; last < events;) {
    const { id } = await sleeper.next();
    for (let i = last + 1; i < id; i++) missed.push(i);
    last = id;
  }
  assert.ok(missed.length > events / 2, `it missed ${missed.length}`);
  // A page that goes is noticed by what is sent to it next.
  sleeper[Symbol.dispose]();
  await until(() => {
    audience.send(events + 1, "");
    return audience.size === 1;
  });
  reader[Symbol.dispose]();
  audience.close();
  await server.stop();
});
