/**
 * No signal makes a ktcp process listen on a port that nobody asked for: the runtime's debugger,
 * which SIGUSR1 opens, would let every user of the machine run code in it.
 */
import assert from "node:assert/strict";
import { MODELS } from "../../servers/mod.ts";
import { ServerProcess } from "../../tools/soak/server_process.ts";
import { isIgnored, SIGUSR1 } from "../../system/linux/signals.ts";
import { until } from "../support/until.ts";
import { sleep } from "../../system/wait.ts";

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

const isLinux = Deno.build.os === "linux";

/** The runtime takes the signal from half a second after the start on. */
const RUNTIME_HANDLES_MS = 600;

/** How long the sockets are watched after a signal. */
const WATCH_MS = 100;

const LISTEN = "0A";

/** TCP ports that process `pid` listens on. */
function listeningPorts(pid: number): number[] {
  const sockets = new Set<string>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      if (inode !== undefined) sockets.add(inode);
    } catch (error) {
      // It was closed meanwhile.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
    Deno.readTextFileSync(path).split("\n").slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN && sockets.has(fields[9]))
      .map((fields) => parseInt(fields[1].split(":")[1], 16))
  );
}

/** Sends `signals`, and looks as often as it can for ports other than `own`. */
async function checkSignals(
  { pid }: { pid: number },
  signals: readonly Deno.Signal[],
  own: readonly number[] = [],
): Promise<void> {
  // A port may be open too shortly to be seen: the signal must not even arrive.
  await until(() => isIgnored(SIGUSR1, pid));
  await sleep(RUNTIME_HANDLES_MS);
  const strange = new Set<number>();
  for (const signal of signals) {
    Deno.kill(pid, signal);
    const endMs = performance.now() + WATCH_MS;
    while (performance.now() < endMs) {
      for (const port of listeningPorts(pid)) if (!own.includes(port)) strange.add(port);
      await sleep(0);
    }
  }
  assert.deepEqual([...strange], []);
}

for (const args of [...MODELS.map((model) => ["http", "--model", model]), ["echo"]]) {
  Deno.test({
    name: `ktcp ${args.join(" ")}: SIGUSR1 and SIGUSR2 open no port and end nothing`,
    ignore: !isLinux,
    async fn() {
      await using server = await ServerProcess.start([...args, "--port", "0", "--stats"]);
      await checkSignals(server, ["SIGUSR1", "SIGUSR2", "SIGUSR1"], [server.port]);
      const { code, notes } = await server.stop();
      assert.equal(code, 0, notes);
      assert.doesNotMatch(notes, /debugger/i);
      assert.equal(notes.match(/^thread +connections/gm)?.length, 2, notes);
    },
  });
}

Deno.test({
  name: "ktcp htstress: SIGUSR1 opens no port and ends nothing",
  ignore: !isLinux,
  async fn() {
    await using server = await ServerProcess.start(["http", "--port", "0", "--model", "single"]);
    const load = ["htstress", "--rate", "10", "--duration", "20s"];
    // Not --quiet: the runtime says on stderr that its debugger listens.
    const client = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN, ...load, `http://127.0.0.1:${server.port}/`],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      await checkSignals(client, ["SIGUSR1"]);
    } finally {
      client.kill("SIGINT");
    }
    const notes = await new Response(client.stderr).text();
    assert.equal((await client.status).code, 130, notes);
    assert.doesNotMatch(notes, /debugger/i);
  },
});
