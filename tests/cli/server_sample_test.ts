/** `--sample` of the servers: a hidden option that writes what a server does to stdout. */
import assert from "node:assert/strict";
import type { ServerSample } from "../../servers/mod.ts";
import { sleep } from "../../system/wait.ts";
import { connect, readResponse, REQUEST, writeAll } from "../../tools/soak/client.ts";
import { launchServer } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";
import { FEWEST_SETUPS, forEachSetup, setupArgs } from "../support/setups.ts";
import { until } from "../support/until.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const EVERY_MS = 20;

/** The samples in what a server wrote behind its readiness line, each line whole. */
function samplesIn(out: string): ServerSample[] {
  const [, ...lines] = out.split("\n");
  assert.equal(lines.pop(), "", "the last line is whole");
  return lines.map((line) => JSON.parse(line));
}

async function exchange(port: number, times = 1): Promise<void> {
  using conn = await connect(port);
  for (let i = 0; i < times; ++i) {
    await writeAll(conn, REQUEST);
    await readResponse(conn, new Uint8Array(1024));
  }
}

forEachSetup(FEWEST_SETUPS, (setup) => {
  Deno.test(`${setup.label}: ktcp http --sample: the last sample is what --stats tells`, async () => {
    const args = ["http", ...setupArgs(setup), "--workers", "2", "--stats"];
    await using server = await launchServer([...args, "--sample", String(EVERY_MS)]);
    await Promise.all([exchange(server.port, 7), exchange(server.port, 8)]);
    await server.process.untilOut(/"served":15,"bytesIn":\d+.*\n.*\n/);
    const { code, out, err } = await server.process.stop();
    assert.equal(code, 0, err);
    const samples = samplesIn(out);
    const last = samples.at(-1)!;
    const { connections, served, bytesIn, bytesOut } = last.counters;
    assert.deepEqual([connections, served], [2, 15]);
    const summary = `${connections} connections, ${served} requests, ` +
      `${bytesIn} bytes in, ${bytesOut} bytes out`;
    assert.ok(err.includes(summary), err);
    for (const { name, counters, work } of last.threads) {
      const row = err.split("\n").find((line) => line.startsWith(name))!.split(/\s+/);
      if (counters !== undefined) assert.equal(row[2], String(counters.served), name);
      if (work !== undefined) assert.equal(row[5], String(work.items), name);
    }
    for (let i = 1; i < samples.length; ++i) {
      assert.ok(samples[i].atMs > samples[i - 1].atMs);
      assert.ok(samples[i].counters.served >= samples[i - 1].counters.served);
      assert.ok(samples[i].costUs >= samples[i - 1].costUs);
    }
  });
});

/** Connections that make a sample so long that a pipe, of 64 KiB, soon is full. */
const OPEN = 400;

Deno.test("ktcp http --sample: a reader that is slow, or gone, holds up nothing", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", MAIN, "http", "--port", "0", "--sample", String(EVERY_MS)],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const watchdog = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const conns: Deno.Conn[] = [];
  let out = "";
  const read = async () => out += (await reader.read()).value ?? "";
  try {
    await until(async () => (await read()).includes("\n"));
    const port = Number(/:(\d+)\n/.exec(out)![1]);
    for (let i = 0; i < OPEN; ++i) conns.push(await connect(port));
    // A sample takes some 4 KB then. A pipe holds 64 KiB, and the runtime reads some ahead.
    for (let i = 0; i < 30; ++i) {
      await exchange(port);
      await sleep(150);
    }
    const nowMs = Date.now();
    let times: number[] = [];
    await until(async () => {
      await read();
      times = samplesIn(out.slice(0, out.lastIndexOf("\n") + 1)).map(({ atMs }) => atMs);
      return times.at(-1)! > nowMs - 500;
    });
    const longestMs = Math.max(...times.slice(1).map((atMs, i) => atMs - times[i]));
    assert.ok(longestMs > 500, `what was not read in time is not made up for: ${longestMs} ms`);
    await reader.cancel();
    for (let i = 0; i < 3; ++i) {
      await exchange(port);
      await sleep(2 * EVERY_MS);
    }
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
  } finally {
    clearTimeout(watchdog);
    for (const conn of conns) conn.close();
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
  }
});

Deno.test("ktcp echo, ktcp http: --sample takes 20 to 10000 ms, and no help lists it", async () => {
  for (const name of ["echo", "http"]) {
    for (const value of ["19", "10001", "1s", ""]) {
      const { code, err } = await runMain([name, "--sample", value]);
      assert.equal(code, 2);
      assert.match(err, /--sample <ms>.*Not a whole number from 20 to 10000\./);
    }
    for (const args of [[name, "--help"], ["man", name], ["completions", "bash"]]) {
      const { code, out } = await runMain(args);
      assert.equal(code, 0);
      const text = out.replaceAll("\\-", "-");
      assert.ok(text.includes("--max-active"));
      assert.ok(!/--sample\b/.test(text), args.join(" "));
    }
  }
});
