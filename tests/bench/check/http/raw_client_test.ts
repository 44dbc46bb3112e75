import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { everyByte } from "../../../../bench/check/cuts.ts";
import { latin1Bytes, latin1Text } from "../../../../bench/check/latin1.ts";
import { exchange, RawClient } from "../../../../bench/check/http/raw_client.ts";

const RESPONSE = latin1Bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
const CONTINUE = latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n");
const REQUEST = latin1Bytes("GET / HTTP/1.1\r\n\r\n");

/** Runs a client against a server of one connection; the server closes when its handler returns. */
async function against<T>(
  serve: (conn: Deno.TcpConn) => Promise<void>,
  run: (address: Deno.ConnectOptions) => Promise<T>,
): Promise<T> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    const conn = await listener.accept();
    try {
      await serve(conn);
    } finally {
      conn.close();
    }
  })();
  const { port } = listener.addr;
  const [result] = await Promise.all([run({ hostname: "127.0.0.1", port }), served]);
  return result;
}

/** Reads until the text has arrived. */
async function readUntil(conn: Deno.Conn, end: string): Promise<string> {
  const buffer = new Uint8Array(1024);
  let text = "";
  while (!text.endsWith(end)) {
    const count = await conn.read(buffer);
    if (count === null) return text;
    text += latin1Text(buffer.subarray(0, count));
  }
  return text;
}

/** Reads until the peer's FIN. */
function readAll(conn: Deno.Conn): Promise<string> {
  return readUntil(conn, "\0never");
}

Deno.test("exchange() sends whole, byte by byte and cut, and the peer gets the same bytes", async () => {
  for (const cuts of [[], everyByte(REQUEST.length), [5], [1, 7, 200]]) {
    let received = "";
    const outcome = await against(async (conn) => {
      received = await readUntil(conn, "\r\n\r\n");
      await conn.write(RESPONSE);
      await readAll(conn);
    }, (address) => exchange(address, [REQUEST], { cuts, until: 1 }));
    assert.equal(received, latin1Text(REQUEST));
    assert.deepEqual(outcome.responses.map(({ status, body }) => [status, body]), [[200, "hi"]]);
    assert.equal(outcome.end, "open");
    assert.equal(outcome.timedOut, false);
  }
});

Deno.test("exchange() sees FIN as closed", async () => {
  const outcome = await against(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await conn.write(RESPONSE);
  }, (address) => exchange(address, [REQUEST], { until: "close" }));
  assert.equal(outcome.end, "closed");
  assert.equal(outcome.responses.length, 1);
});

Deno.test("exchange() sees a reset", async () => {
  const server = createServer((socket) => void socket.once("data", () => socket.resetAndDestroy()));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const outcome = await exchange({ hostname: "127.0.0.1", port }, [REQUEST], { until: "close" });
  assert.equal(outcome.end, "reset");
  assert.deepEqual(outcome.responses, []);
  await new Promise((closed) => server.close(closed));
});

Deno.test("exchange() half-closes after the last byte and still reads", async () => {
  const outcome = await against(async (conn) => {
    assert.equal(await readAll(conn), latin1Text(REQUEST));
    await conn.write(RESPONSE);
  }, (address) => exchange(address, [REQUEST], { halfClose: true, until: "close" }));
  assert.equal(outcome.end, "closed");
  assert.equal(outcome.responses.length, 1);
});

Deno.test("exchange() gives up at the deadline and says so", async () => {
  const outcome = await against(
    async (conn) => void await readAll(conn),
    (address) => exchange(address, [REQUEST], { until: 1, deadlineMs: 50 }),
  );
  assert.equal(outcome.timedOut, true);
  assert.equal(outcome.end, "open");
});

Deno.test("exchange() reports a malformed response", async () => {
  const outcome = await against(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await conn.write(latin1Bytes("HTTP/1.1 200 OK\n"));
    await readAll(conn);
  }, (address) => exchange(address, [REQUEST], { until: 1 }));
  assert.match(outcome.fault ?? "", /bare LF/);
});

Deno.test("exchange() reports a response that the close cuts short", async () => {
  const outcome = await against(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await conn.write(RESPONSE.subarray(0, RESPONSE.length - 1));
  }, (address) => exchange(address, [REQUEST], { until: "close" }));
  assert.match(outcome.fault ?? "", /ended within a response/);
});

Deno.test("exchange() reads while it sends more than the sockets hold", async () => {
  const size = 16 << 20;
  const outcome = await against(
    async (conn) => {
      let left = size;
      const buffer = new Uint8Array(65536);
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;
      await conn.write(latin1Bytes(head));
      while (left > 0) {
        const count = await conn.read(buffer);
        if (count === null) break;
        left -= count;
        for (let sent = 0; sent < count;) sent += await conn.write(buffer.subarray(sent, count));
      }
    },
    (address) => exchange(address, [new Uint8Array(size)], { until: "close", deadlineMs: 20_000 }),
  );
  assert.equal(outcome.fault, undefined);
  assert.equal(outcome.responses[0]?.body.length, size);
});

const HELD = [REQUEST, { after: 100, finals: 0 }, latin1Bytes("body")];

Deno.test("exchange() holds steps back until the interim response", async () => {
  const outcome = await against(async (conn) => {
    assert.equal(await readUntil(conn, "\r\n\r\n"), latin1Text(REQUEST));
    await conn.write(CONTINUE);
    assert.equal(await readUntil(conn, "body"), "body");
    await conn.write(RESPONSE);
  }, (address) => exchange(address, HELD, { until: "close" }));
  assert.deepEqual(outcome.responses.map(({ status }) => status), [100, 200]);
});

Deno.test("exchange() leaves steps out when the final response comes first", async () => {
  let rest = "";
  const outcome = await against(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await conn.write(RESPONSE);
    rest = await readAll(conn);
  }, (address) => exchange(address, HELD, { until: 1 }));
  assert.deepEqual(outcome.responses.map(({ status }) => status), [200]);
  assert.equal(rest, "");
});

Deno.test("RawClient: frames each response by the method of its request", async () => {
  await against(async (conn) => {
    await readUntil(conn, "\r\n\r\n");
    await conn.write(RESPONSE.subarray(0, RESPONSE.length - 2));
    await readUntil(conn, "\r\n\r\n");
    await conn.write(RESPONSE);
    await readAll(conn);
  }, async (address) => {
    const client = await RawClient.connect(address, ["HEAD"]);
    await client.send(REQUEST);
    assert.equal((await client.untilFinals(1, 5000)).responses.length, 1);
    await client.request("GET", REQUEST);
    const { responses } = await client.untilFinals(2, 5000);
    assert.deepEqual(responses.map(({ body }) => body), ["", "hi"]);
    await client.close();
  });
});
