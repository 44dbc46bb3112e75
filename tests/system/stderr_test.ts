/** The writer to stderr: what waits, what is dropped, and how it ends. */
import assert from "node:assert/strict";
import { LineWriter, type Sink } from "../../system/stderr.ts";
import { until } from "../support/until.ts";

/** A descriptor whose write(2) returns when the test lets it. */
class FakeSink implements Sink {
  text = "";
  unbrokenBytes = Infinity;
  /** Bytes of each write. */
  sizes: number[] = [];
  /** What the next writes do before all that come later are taken whole. */
  script: (number | Error)[] = [];
  #gate: PromiseWithResolvers<void> | undefined;

  /** Nothing is taken from now on. */
  block(): void {
    this.#gate ??= Promise.withResolvers();
  }

  unblock(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#gate?.promise;
    return this.writeSync(bytes);
  }

  writeSync(bytes: Uint8Array): number {
    const step = this.script.shift() ?? bytes.length;
    if (step instanceof Error) throw step;
    this.sizes.push(bytes.length);
    this.text += new TextDecoder().decode(bytes.subarray(0, step));
    return Math.min(step, bytes.length);
  }
}

function buffered(): { sink: FakeSink; writer: LineWriter } {
  const sink = new FakeSink();
  const writer = new LineWriter(sink);
  writer.buffer();
  return { sink, writer };
}

const LINE = `${"x".repeat(99)}\n`;
/** Lines that surely do not fit. */
const TOO_MANY = 20_000;

Deno.test("LineWriter: writes at once before a server buffers", () => {
  const sink = new FakeSink();
  const writer = new LineWriter(sink);
  sink.script = [3];
  writer.note("a note");
  assert.equal(sink.text, "a note\n");
});

Deno.test("LineWriter: keeps the order, also of what is written in parts", async () => {
  const { sink, writer } = buffered();
  sink.script = [1, 2, 3];
  writer.log("first\n");
  writer.note("second");
  writer.log("third\nfourth\n");
  assert.equal(sink.text, "", "the caller does not wait");
  await writer.flush();
  assert.equal(sink.text, "first\nsecond\nthird\nfourth\n");
  assert.equal(writer.dropped, 0);
});

Deno.test("LineWriter: a full buffer drops whole lines, counts them, and tells once where", async () => {
  const { sink, writer } = buffered();
  sink.block();
  for (let i = 0; i < TOO_MANY; i++) writer.log(LINE);
  writer.note("a note still fits");
  const { dropped } = writer;
  assert.ok(dropped > TOO_MANY / 4 && dropped < TOO_MANY, `${dropped}`);
  sink.unblock();
  await writer.flush();
  writer.log("later\n");
  await writer.flush();
  const lines = sink.text.split("\n");
  assert.equal(lines.filter((line) => line === LINE.trimEnd()).length, TOO_MANY - dropped);
  assert.deepEqual(lines.slice(TOO_MANY - dropped), [
    "a note still fits",
    `${dropped} log lines dropped: stderr did not take them in time`,
    "later",
    "",
  ]);
});

Deno.test("LineWriter: notes are bounded too", () => {
  const { sink, writer } = buffered();
  sink.block();
  for (let i = 0; i < TOO_MANY; i++) writer.note(LINE.trimEnd());
  assert.ok(writer.dropped > 0);
});

Deno.test("LineWriter: flush() waits a bounded time for a reader that takes nothing", async () => {
  const { sink, writer } = buffered();
  sink.block();
  writer.log("in flight\n");
  writer.log("waits\n");
  const startMs = performance.now();
  await writer.flush(50);
  const ms = performance.now() - startMs;
  assert.ok(ms >= 45 && ms < 5000, `${ms} ms`);
  await writer.flush();
  writer.note("nobody reads this");
  assert.equal(writer.dropped, 2);
  sink.unblock();
});

/** Faults of stderr that pass, and what is written after the first line was tried. */
const FAULTS: [what: string, script: (number | Error)[], text: RegExp, dropped: number][] = [
  [
    "a full disk",
    [new Error("No space left on device")],
    /^second\n1 log line dropped: .*\n$/,
    1,
  ],
  [
    "a disk that fills up within a line",
    [3, new Error("No space left on device")],
    /^fir\nsecond\n1 log line dropped: .*\n$/,
    1,
  ],
  [
    "a descriptor that does not block",
    [3, new Deno.errors.WouldBlock(), new Deno.errors.WouldBlock()],
    /^first\nsecond\n$/,
    0,
  ],
  ["a reader that went away", [new Deno.errors.BrokenPipe()], /^$/, 2],
];

for (const [what, script, text, dropped] of FAULTS) {
  Deno.test(`LineWriter: ${what} throws nothing and is counted`, async () => {
    const { sink, writer } = buffered();
    sink.script = [...script];
    writer.log("first\n");
    await writer.flush();
    await until(() => sink.script.length === 0);
    writer.log("second\n");
    await writer.flush();
    assert.match(sink.text, text);
    assert.equal(writer.dropped, dropped);
  });

  Deno.test(`LineWriter: ${what} throws nothing before a server buffers`, async () => {
    const sink = new FakeSink();
    const writer = new LineWriter(sink);
    sink.script = [...script];
    writer.note("first");
    await writer.flush();
    writer.note("second");
    await writer.flush();
    assert.equal(sink.text.includes("second"), !text.test(""));
  });
}

Deno.test("LineWriter: writes whole lines, as many as a shared pipe takes in one piece", async () => {
  const sink = new FakeSink();
  sink.unbrokenBytes = 10;
  const writer = new LineWriter(sink);
  writer.buffer();
  const lines = ["1234\n", "5678\n", "9\n", "a line of its own\n", "\n", "123456789\n", "x\n"];
  writer.log(lines.join(""));
  await writer.flush();
  assert.equal(sink.text, lines.join(""));
  assert.deepEqual(sink.sizes, [10, 2, 18, 1, 10, 2]);
});

Deno.test({
  name: "ktcp http: lines of several servers in one pipe stay whole",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const main = new URL("../../cli/main.ts", import.meta.url).pathname;
    const count = 4000;
    const target = `/${"a".repeat(150)}`;
    // Both write to the shell's stderr, which is one pipe.
    const server = `"$0" run -A ${main} http --port 0 --model single --log common`;
    const shell = new Deno.Command("sh", {
      args: ["-c", `${server} & A=$!; ${server} & B=$!; read x; kill $A $B; wait`, Deno.execPath()],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const ports: number[] = [];
    const reader = shell.stdout.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ports.length < 2;) {
      text += (await reader.read()).value ?? "";
      ports.splice(0, 2, ...[...text.matchAll(/:(\d+)\n/g)].map(([, port]) => Number(port)));
    }
    const requests = new TextEncoder().encode(
      `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(count - 1) +
        `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    await Promise.all(ports.map(async (port) => {
      const conn = await Deno.connect({ port });
      const answers = new Response(conn.readable).text();
      const writer = conn.writable.getWriter();
      await writer.write(requests);
      await answers;
    }));
    // Only now is the pipe read: both found it full in the middle of what they had to write.
    const logged = new Response(shell.stderr).text();
    await shell.stdin.getWriter().close();
    const lines = (await logged).split("\n").filter((line) => line.includes("aaa"));
    assert.equal(lines.length, 2 * count);
    for (const line of lines) {
      assert.match(line, /^127\.0\.0\.1 - - \[[^\]]*\] "GET \/a{150} HTTP\/1\.1" 200 13$/);
    }
    await shell.status;
    await reader.cancel();
  },
});
