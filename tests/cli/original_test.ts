/** `ktcp original`: each fault does what it says, and without it the server is a right echo server. */
import assert from "node:assert/strict";
import { exchange, textMessage } from "../../bench/lab/one_message.ts";
import { FAULTS } from "../../servers/originals/original.ts";
import { until } from "../support/until.ts";
import { launchServer } from "../support/launch.ts";
import { readFully, writeAll } from "../support/echo_servers.ts";
import { isStopped } from "../../system/process_state.ts";
import { runMain } from "../support/run_main.ts";

const isLinux = Deno.build.os === "linux";

/** `text` with a NUL behind its third byte. */
const BINARY = new Uint8Array([0x61, 0x62, 0x63, 0, 0x64, 0x65]);

const ANSWERS: { args: string; message: Uint8Array; back: number; afterFin?: number }[] = [
  { args: "user-echo-server", message: textMessage(64), back: 512 },
  { args: "user-echo-server", message: textMessage(2000), back: 512, afterFin: 512 },
  { args: "user-echo-server --trigger level", message: textMessage(500), back: 512 },
  { args: "user-echo-server --faults none", message: textMessage(2000), back: 2000 },
  { args: "user-echo-server --faults pad", message: textMessage(1000), back: 1024 },
  {
    args: "user-echo-server --faults receive-once",
    message: textMessage(600),
    back: 512,
    afterFin: 88,
  },
  {
    args: "user-echo-server --faults receive-once --trigger level",
    message: textMessage(2000),
    back: 2000,
  },
  { args: "kecho", message: BINARY, back: 3 },
  { args: "kecho --faults none", message: BINARY, back: 6 },
  { args: "kecho", message: textMessage(9000), back: 9000 },
];

for (const { args, message, back, afterFin = 0 } of ANSWERS) {
  Deno.test({
    name: `ktcp original ${args}: of ${message.length} bytes ${back} come back`,
    ignore: !isLinux,
    fn: async () => {
      await using server = await launchServer(["original", ...args.split(" ")]);
      const target = { name: "original", hostname: "127.0.0.1", port: server.port };
      const { bytes, bytesAfterFin } = await exchange(target, message);
      assert.deepEqual([bytes.length, bytesAfterFin], [back, afterFin]);
      const equal = Math.min(back, message.length);
      assert.deepEqual(bytes.subarray(0, equal), message.subarray(0, equal));
    },
  });
}

for (const trigger of ["level", "edge"]) {
  Deno.test({
    name:
      `ktcp original --faults none --trigger ${trigger}: a client that does not read is waited for`,
    ignore: !isLinux,
    fn: async () => {
      await using server = await launchServer([
        ...["original", "user-echo-server", "--faults", "none", "--trigger", trigger],
      ]);
      using conn = await Deno.connect({ port: server.port });
      // More than the buffers of both sockets take.
      const message = textMessage(16 << 20);
      const written = writeAll(conn, message).then(() => conn.closeWrite());
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.deepEqual(await readFully(conn, message.length), message);
      await written;
      assert.equal(await conn.read(new Uint8Array(1)), null);
    },
  });
}

Deno.test({
  name: "ktcp original user-echo-server: a reset ends it, with the call and the errno",
  ignore: !isLinux,
  fn: async () => {
    await using server = await launchServer(["original", "user-echo-server"]);
    using other = await Deno.connect({ port: server.port });
    const { connectTcp, close, setResetOnClose } = await import("../../system/linux/socket.ts");
    const fd = connectTcp("127.0.0.1", server.port);
    // Its answer shows that the server has accepted the one before, too.
    await exchange({ name: "", hostname: "127.0.0.1", port: server.port }, textMessage(5));
    setResetOnClose(fd);
    close(fd);
    const { code, err } = await server.process.ended;
    assert.equal(code, 1);
    assert.match(err, /user-echo-server ended: Fail to receive: ECONNRESET$/m);
    // It is closed with the process, or reset.
    assert.equal(await other.read(new Uint8Array(1)).catch(() => null), null);
  },
});

Deno.test({
  name: "ktcp original --faults accept-once: of clients that come together one is served",
  ignore: !isLinux,
  fn: async () => {
    for (const [faults, expected] of [["accept-once", 1], ["none", 5]] as const) {
      await using server = await launchServer(["original", "user-echo-server", "--faults", faults]);
      server.process.signal("SIGSTOP");
      await until(() => isStopped(server.process.pid));
      const conns = await Promise.all(
        Array.from({ length: 5 }, () => Deno.connect({ port: server.port })),
      );
      server.process.signal("SIGCONT");
      let served = 0;
      const answers = conns.map(async (conn) => {
        await writeAll(conn, textMessage(8));
        const count = await conn.read(new Uint8Array(8)).catch(() => null);
        if (count === 8) ++served;
      });
      await Promise.race([
        Promise.all(answers),
        new Promise((resolve) => setTimeout(resolve, 200)),
      ]);
      conns.forEach((conn) => conn.close());
      await Promise.all(answers);
      assert.equal(served, expected, faults);
    }
  },
});

Deno.test({
  name: "ktcp original: its summary and its table count calls",
  ignore: !isLinux,
  fn: async () => {
    await using server = await launchServer(["original", "kecho"]);
    await exchange({ name: "", hostname: "127.0.0.1", port: server.port }, textMessage(10));
    server.process.signal("SIGUSR2");
    await server.process.untilErr(/^thread .*calls .*\nmain +1 +1 +10 +10 .*\d\.\d\d\n/m);
    const { code, err } = await server.process.stop();
    assert.equal(code, 0);
    assert.match(err, /^ktcp original: 1 connections, 1 pieces, 10 bytes in, 10 bytes out$/m);
  },
});

Deno.test("ktcp original: no list names it, its own help explains the faults", async () => {
  const { out } = await runMain(["--help"]);
  assert.doesNotMatch(out, /original/);
  const help = await runMain(["original", "--help"]);
  assert.equal(help.code, 0);
  for (const fault of FAULTS) assert.match(help.out, new RegExp(`^${fault}: `, "m"));
});

const ERRORS: [args: string, error: RegExp][] = [
  ["original", /^ktcp original: missing required argument 'name'/],
  ["original tiny", /'tiny'.*user-echo-server, kecho/],
  ["original kecho --faults pad,slow", /--faults.*'slow' is no fault; write none, or some of pad,/],
];

for (const [args, error] of ERRORS) {
  Deno.test(`ktcp ${args}: is a usage error`, async () => {
    const { code, out, err } = await runMain(args.split(" "));
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, error);
  });
}
