/** How answers leave: in one send or several, with Nagle's algorithm or without, corked. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { helloResource } from "../../../servers/http/hello.ts";
import { serve } from "../../../servers/mod.ts";
import { blocksThread } from "../../../servers/net/engine_options.ts";
import type { SendOptions } from "../../../servers/net/send_options.ts";
import type { ServiceOptions } from "../../../servers/models/options.ts";
import { libc, LibcError } from "../../../system/linux/libc.ts";
import { close, connectTcp, dataSegments } from "../../../system/linux/socket.ts";
import { FEW_SETUPS, forEachSetup, serverOptions, type Setup } from "../../support/setups.ts";
import { until } from "../../support/until.ts";
import { receiveText, sendText } from "../../system/linux/sockets.ts";

/** Without system calls there is nothing that counts segments. */
function whyNotCounted(): string | undefined {
  if (Deno.build.os !== "linux") return "not Linux";
  try {
    libc();
  } catch (error) {
    if (error instanceof LibcError) return error.message;
    throw error;
  }
}

const ROUNDS = 10;
const CONTENT = new TextDecoder().decode(helloResource.canned!.content as Uint8Array);
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

const root = Deno.makeTempDirSync({ prefix: "ktcp-sending-" });
Deno.writeTextFileSync(`${root}/small.txt`, "small");
const LARGE_BYTES = (2 << 20) + 17;
Deno.writeFileSync(`${root}/large.bin`, Uint8Array.from({ length: LARGE_BYTES }, (_, i) => i * 7));
addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));

const HELLO: ServiceOptions = { kind: "http", content: "hello", limits: DEFAULT_LIMITS };
const FILES: ServiceOptions = { ...HELLO, content: "dir", directory: { root } };

/** Starts a server, and calls `use` with its port. */
async function withServer<T>(
  setup: Setup,
  { service, sending }: { service: ServiceOptions; sending: Partial<SendOptions> },
  use: (port: number) => Promise<T>,
): Promise<T> {
  const options = serverOptions(setup);
  const server = await serve({ ...options, service, sending, workers: 1, onNote: () => {} });
  try {
    return await use(server.port);
  } finally {
    assert.equal(await server.stop(5000), 0);
  }
}

/** Sends requests one after the other. @returns how many segments with data brought the answers */
async function segmentsOf(port: number): Promise<number> {
  const fd = connectTcp("127.0.0.1", port);
  try {
    // The connection's first answer: from then on it has its Worker.
    await until(() => sendText(fd, GET) > 0, "a connection");
    await answered(fd);
    const before = dataSegments(fd).received;
    for (let i = 0; i < ROUNDS; ++i) {
      sendText(fd, GET);
      await answered(fd);
    }
    return dataSegments(fd).received - before;
  } finally {
    close(fd);
  }
}

/** Reads one answer. */
async function answered(fd: number): Promise<void> {
  let text = "";
  await until(() => {
    const more = receiveText(fd);
    if (typeof more === "string") text += more;
    return text.endsWith(CONTENT);
  }, "an answer");
}

interface Case {
  name: string;
  sending: Partial<SendOptions>;
  /** Segments of one answer. */
  least: number;
  most: number;
  /** Only with model `single`: the other cases show that the options reach each model's threads. */
  isForSingle?: boolean;
}

/**
 * Upper bounds leave room for probes: the kernel sends the last segment again when the ACK is late (tail
 * loss probe), as on a busy machine.
 */
const CASES: readonly Case[] = [
  { name: "one send", sending: {}, least: 1, most: 1.9, isForSingle: true },
  { name: "four sends", sending: { writes: 4 }, least: 4, most: 5.9 },
  // What is sent before the first segment's ACK comes gathers into one.
  { name: "four sends and Nagle", sending: { writes: 4, noDelay: false }, least: 1, most: 3.5 },
  { name: "four corked sends", sending: { writes: 4, cork: true }, least: 1, most: 1.9 },
  {
    name: "four corked sends and Nagle",
    sending: { writes: 4, cork: true, noDelay: false },
    least: 1,
    most: 1.9,
    isForSingle: true,
  },
];

const whyNot = whyNotCounted();

forEachSetup(FEW_SETUPS, (setup) => {
  Deno.test({
    name: `${setup.label}: an answer leaves in as many segments as it is told`,
    ignore: whyNot !== undefined,
    async fn() {
      for (const { name, sending, least, most, isForSingle } of CASES) {
        if (sending.cork && !blocksThread(setup.engine)) continue;
        if (isForSingle && setup.model !== "single") continue;
        const segments = await withServer(setup, { service: HELLO, sending }, segmentsOf);
        assert.ok(
          segments >= least * ROUNDS && segments <= most * ROUNDS,
          `${name}: ${segments} segments for ${ROUNDS} answers`,
        );
      }
    },
  });

  Deno.test(`${setup.label}: what leaves in pieces is the same, and every piece of it`, async () => {
    for (const cork of blocksThread(setup.engine) ? [false, true] : [false]) {
      await withServer(setup, { service: FILES, sending: { writes: 7, cork } }, async (port) => {
        const url = `http://127.0.0.1:${port}`;
        const client = Deno.createHttpClient({});
        for (const [name, expected] of [["small.txt", "small"], ["large.bin", undefined]]) {
          const response = await fetch(`${url}/${name}`, { client });
          const bytes = await response.bytes();
          const file = Deno.readFileSync(`${root}/${name}`);
          if (expected !== undefined) assert.equal(new TextDecoder().decode(bytes), expected);
          assert.ok(bytes.length === file.length && bytes.every((byte, i) => byte === file[i]));
        }
        client.close();
      });
    }
  });
});
