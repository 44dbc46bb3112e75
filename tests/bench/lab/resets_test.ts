/** The cases of lab `resets`: what each end of a connection sees. */
import assert from "node:assert/strict";
import { RESET_CASES, type ResetCase, type ResetTally } from "../../../bench/lab/reset_cases.ts";
import { ResetStage } from "../../../bench/lab/reset_stage.ts";
import { isWholeAnswer, sendUnwanted, UNWANTED_BYTES } from "../../../bench/lab/unwanted_body.ts";
import { startServer, writeAll } from "../../support/echo_servers.ts";

const ignore = Deno.build.os !== "linux";
const SETTING = "/proc/sys/net/ipv4/tcp_abort_on_overflow";
const CONNECTIONS = 20;

/** What is not 0; the queue of the last cases has room for 11 of 20. */
const EXPECTED: Record<ResetCase, Partial<ResetTally>> = {
  "both read everything": { wholeAnswers: 20 },
  "the client leaves 2 bytes unread": { wholeAnswers: 20, serverResets: 20 },
  "the server leaves bytes unread": { wholeAnswers: 20, clientResets: 20 },
  "the server closes with SO_LINGER 0": { wholeAnswers: 20, clientResets: 20 },
  "a request meets a close": { clientPipes: 20 },
  "a request crosses a reset": { clientResets: 20 },
  "nobody listens": { clientRefused: 20 },
  "the accept queue is full": { unanswered: 9 },
  "the accept queue fills during handshakes": { wholeAnswers: 11, unanswered: 9 },
};

for (const [name, expected] of Object.entries(EXPECTED) as [ResetCase, Partial<ResetTally>][]) {
  const isAboutSetting = name === "the accept queue fills during handshakes";
  Deno.test({
    name: `resets: ${name}`,
    ignore: ignore || (isAboutSetting && Deno.readTextFileSync(SETTING).trim() !== "0"),
    fn: () => {
      const tally = RESET_CASES[name](CONNECTIONS);
      assert.deepEqual(
        Object.fromEntries(Object.entries(tally).filter(([, n]) => n > 0)),
        expected,
      );
    },
  });
}

Deno.test({
  name: "ResetStage: counts and settings are those of a network of its own, where it may have one",
  ignore,
  fn: async () => {
    const before = Deno.readTextFileSync(SETTING);
    using stage = await ResetStage.start();
    const name = "the accept queue fills during handshakes";
    const order = { name, connections: CONNECTIONS, abortOnOverflow: true } as const;
    const { tally, counters } = await stage.play(order);
    if (stage.refusal === null) {
      assert.deepEqual([tally.clientResets, tally.unanswered], [9, 0]);
      assert.deepEqual([counters!.overflows, counters!.resetsSent], [9, 9]);
    } else {
      assert.match(stage.refusal, /EPERM/);
      assert.equal(counters, null);
    }
    assert.equal(Deno.readTextFileSync(SETTING), before, "this machine's setting stays");
  },
});

Deno.test("isWholeAnswer(): needs the head, and as much content as it announces", () => {
  const head = "HTTP/1.1 405 No\r\nContent-Length: 4\r\n";
  const cases: [text: string, isWhole: boolean][] = [
    ["", false],
    [head, false],
    [`${head}\r\nbad`, false],
    [`${head}\r\nbad.`, true],
    ["HTTP/1.0 400 Bad\r\n\r\n", true],
    ["SSH-2.0\r\n\r\n", false],
  ];
  for (const [text, isWhole] of cases) assert.equal(isWholeAnswer(text), isWhole, text);
});

const ANSWER = new TextEncoder().encode("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");

const SERVERS: [name: string, readsAll: boolean, resets: number][] = [
  ["that closes with bytes unread", false, 3],
  ["that reads to the end", true, 0],
];

for (const [name, readsAll, resets] of SERVERS) {
  Deno.test(`sendUnwanted(): a server ${name} is seen to reset ${resets} connections`, async () => {
    await using server = startServer(async (conn) => {
      const buffer = new Uint8Array(65536);
      const first = (await conn.read(buffer))!;
      const head = new TextDecoder().decode(buffer.subarray(0, first)).indexOf("\r\n\r\n") + 4;
      let left = readsAll ? UNWANTED_BYTES + head - first : 0;
      while (left > 0) left -= await conn.read(buffer) ?? left;
      await writeAll(conn, ANSWER);
    });
    const target = { name: "t", hostname: "127.0.0.1", port: server.port };
    const figures = await sendUnwanted(target, 3, new AbortController().signal);
    assert.equal(figures.connections, 3);
    // Which of the two it is depends on whether the FIN came first.
    assert.equal(figures.clientResets! + figures.clientPipes!, resets);
    if (readsAll) assert.equal(figures.wholeAnswers, 3);
  });
}
