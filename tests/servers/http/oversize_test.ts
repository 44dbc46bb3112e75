/**
 * Who sends too much can read why, also while still sending.
 */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS, type Limits } from "../../../core/mod.ts";
import { serve } from "../../../servers/mod.ts";
import { latin1Bytes } from "../../../bench/check/latin1.ts";
import { RawClient } from "../../../bench/check/http/raw_client.ts";
import { fieldOf } from "../../../bench/check/http/response_reader.ts";
import { FEW_SETUPS, possible, serverOptions } from "../../support/setups.ts";

const MIB = 1 << 20;
const HOST = "Host: a\r\n";

/** Requests that are refused long before they end. */
const OVERSIZE: Record<string, { status: number; head: string; fill: number }> = {
  "a request line of 200 KB": { status: 414, head: "GET /", fill: 200_000 },
  "a field of 200 KB": { status: 431, head: `GET / HTTP/1.1\r\n${HOST}X: `, fill: 200_000 },
  "a field name of 200 KB": { status: 431, head: `GET / HTTP/1.1\r\n${HOST}`, fill: 200_000 },
  "content of 50 MiB": {
    status: 413,
    head: `POST / HTTP/1.1\r\n${HOST}Content-Length: ${50 * MIB}\r\n\r\n`,
    fill: 50 * MIB,
  },
  "a chunk of 50 MiB": {
    status: 413,
    head: `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${
      (50 * MIB).toString(16)
    }\r\n`,
    fill: 50 * MIB,
  },
};

async function* servers(limits: Limits) {
  for (const setup of possible(FEW_SETUPS)) {
    const server = await serve({
      service: { kind: "http", content: "echo", limits },
      ...serverOptions(setup),
      workers: 1,
      onNote: () => {},
    });
    try {
      yield { setup: setup.label, address: { hostname: "127.0.0.1", port: server.port } };
    } finally {
      assert.equal(await server.stop(5000), 0, `${setup.label}: nothing hangs`);
    }
  }
}

Deno.test("ktcp http lets a client that still sends read why it is refused", async () => {
  const filler = new Uint8Array(65536).fill(0x61);
  for await (const { setup, address } of servers(DEFAULT_LIMITS)) {
    for (const [name, { status, head, fill }] of Object.entries(OVERSIZE)) {
      const client = await RawClient.connect(address, ["POST"]);
      // The whole is sent as fast as it goes, whatever comes back, as a simple client does it.
      const sending = (async () => {
        await client.send(latin1Bytes(head));
        for (let sent = 0; sent < fill; sent += filler.length) {
          if (!await client.send(filler)) return false;
        }
        return true;
      })();
      const seen = await client.untilClosed(10_000);
      const label = `${setup}, ${name}`;
      assert.deepEqual(seen.responses.map((response) => response.status), [status], label);
      assert.equal(seen.fault, undefined, label);
      assert.equal(fieldOf(seen.responses[0], "connection"), "close", label);
      assert.equal(seen.timedOut, false, label);
      assert.ok(await sending, `${label}: all of it is taken, nothing is reset`);
      await client.close();
    }
  }
});
