/** The sockets of a port, over real ones. */
import assert from "node:assert/strict";
import { unreadBytes } from "../../../system/sockets/port_sockets.ts";
import { until } from "../../support/until.ts";

Deno.test({
  name: "unreadBytes() counts what a server has not received yet",
  ignore: Deno.build.os !== "linux",
}, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assert.equal(unreadBytes(port), 0);
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  using served = await listener.accept();
  await client.write(new Uint8Array(5));
  await client.write(new Uint8Array(7));
  await until(() => unreadBytes(port) === 12, "12 bytes");
  await served.read(new Uint8Array(12));
  assert.equal(unreadBytes(port), 0);
  // What the client has not received is none of the server's.
  await served.write(new Uint8Array(3));
  assert.equal(unreadBytes(port), 0);
});
