/** The report of a recording: the labs' report, of whatever a file says. */
import assert from "node:assert/strict";
import { selfCommand } from "../../../cli/shared/self_command.ts";
import { KernelObserver } from "../../../play/host/kernel.ts";
import { readMachine } from "../../../play/host/machine.ts";
import { ownLauncher } from "../../../play/host/processes.ts";
import { recordingReport } from "../../../play/host/report.ts";
import { Session } from "../../../play/host/session.ts";
import type { Frame, Recording } from "../../../play/protocol.ts";
import { SetupError } from "../../../play/setup.ts";
import { PLAY_LOAD, PLAY_SERVER } from "../../support/play_setups.ts";
import { until } from "../../support/until.ts";
import { validateHtml } from "../../support/report_checks.ts";

const isLinux = Deno.build.os === "linux";
const machine = readMachine("1.2.3");

/** What a page keeps of a load on an echo and an HTTP server, and then of one on the first alone. */
async function record(): Promise<Recording> {
  const observer = new KernelObserver();
  const launcher = ownLauncher(selfCommand());
  const session = new Session({ launcher, observer, onChange: () => {} });
  const frames: Frame[] = [];
  const results: Recording["results"] = {};
  const takeFrame = () => void frames.push({ ...session.frame(), costUs: 0 });
  /** Has each load seen at work in a few frames, however slow the machine is, and then ends it. */
  const watch = async (ids: string[]) => {
    const seen = (id: string) =>
      frames.flatMap(({ loads }) =>
        loads.find((load) => load.id === id && load.samples.length > 0) ?? []
      )
        .length;
    await until(() => {
      takeFrame();
      return ids.every((id) => seen(id) >= 3);
    }, "frames of each load");
    await Promise.all(ids.map((id) => session.stopLoad(id)));
    takeFrame();
    for (const id of ids) results[id] = session.result(id);
  };
  try {
    const load = { ...PLAY_LOAD, durationMs: 60_000 };
    const servers = [
      await session.startServer(PLAY_SERVER),
      await session.startServer({ ...PLAY_SERVER, service: "http", backlog: 64 }),
    ];
    await watch(session.startLoad({ servers, load }));
    await watch(session.startLoad({ servers: [servers[0]], load }));
  } finally {
    await session.close();
    observer.close();
  }
  const setup = { servers: [], load: PLAY_LOAD, story: "backlog" };
  const savedAt = "2026-01-02T03:04:05.000Z";
  return { format: "ktcp-play-1", savedAt, machine, setup, frames, results };
}

Deno.test({
  name: "recordingReport()",
  ignore: !isLinux,
  fn: async (t) => {
    const recording = await record();
    const change = (changes: object) => structuredClone({ ...recording, ...changes });

    await t.step("is valid HTML with each load's figures, and the page of its story", async () => {
      const html = await recordingReport(recording, machine.environment);
      assert.deepEqual(await validateHtml(html), []);
      const [, json] = /<script type="application\/json" id="data">(.*)<\/script>/.exec(html)!;
      const { labs: [lab] } = JSON.parse(json);
      assert.equal(lab.lab, "backlog");
      const [echo, http] = lab.variants;
      assert.equal(lab.variants.length, 2);
      assert.deepEqual([echo.group, http.group], [
        "echo, 8 clients, as fast as answers come, keep-alive, 64 bytes",
        "http, 8 clients, as fast as answers come, keep-alive",
      ]);
      assert.deepEqual([echo.label, http.label], [
        "deno, single, backlog 128",
        "deno, single, backlog 64",
      ]);
      const rates = Object.values(recording.results!).flatMap(({ messagesPerSecond }) =>
        typeof messagesPerSecond === "number" ? [messagesPerSecond] : []
      );
      assert.deepEqual(
        echo.samples.map(({ messagesPerSecond }: Record<string, number>) => messagesPerSecond),
        rates,
      );
      assert.equal(rates.length, 2, "both loads on it are repetitions of one variant");
      for (const figures of [echo, http]) {
        assert.ok(figures.p50Us > 0 && figures.p99Us >= figures.p50Us);
        assert.ok(figures.queueLimit >= 64 && figures.overflows >= 0);
        assert.ok(figures.curves.latency.length > 0, "drawn from the whole result");
      }
      assert.ok(echo.cpuUsPerMessage > 0 && http.cpuUsPerRequest > 0);
      assert.match(lab.setup.join("\n"), /^Server: ktcp echo --engine deno --model single /);
      assert.match(lab.setup.join("\n"), /^Load: ktcp htstress --concurrency 8 .*:PORT\/$/m);
      assert.match(html, /2026-01-02 03:04:05 UTC/);
    });

    await t.step("needs no whole results, whose curves it lacks then", async () => {
      const slim = change({ results: undefined, setup: { ...recording.setup, story: "odd" } });
      const html = await recordingReport(slim, machine.environment);
      assert.match(html, /<h2 id="play">play<\/h2>/);
      assert.doesNotMatch(html, /: latency<\/figcaption>/);
    });

    await t.step("shows what a file says as text, and nothing of it as markup", async () => {
      const evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>';
      const text = JSON.stringify(change({
        setup: { servers: [], load: PLAY_LOAD, story: evil },
        machine: {
          ...machine,
          environment: {
            ...machine.environment,
            kernel: evil,
            loadAverage: [evil],
            limits: { [evil]: evil },
            versions: { ktcp: evil },
            machine: { cpu: evil, cores: evil, memoryBytes: evil },
          },
        },
      }));
      const html = await recordingReport(JSON.parse(text), machine.environment);
      assert.doesNotMatch(html, /<img|<script>/);
      assert.deepEqual(await validateHtml(html), []);
    });

    await t.step("draws a recording of very many frames", async () => {
      const at = recording.frames.findIndex(({ loads }) => loads.length > 0);
      const { servers, loads } = recording.frames[at];
      const short: Frame = {
        ...recording.frames[at],
        servers: servers.map((server) => ({ ...server, sample: null })),
        loads: loads.map((load) => ({ ...load, samples: [] })),
      };
      const many = new Array<Frame>(200_000).fill(short);
      const frames = [...recording.frames.slice(0, at), ...many, ...recording.frames.slice(at)];
      const html = await recordingReport({ ...recording, frames }, machine.environment);
      assert.match(html, /<svg/);
    });

    await t.step("refuses what is no recording", async () => {
      const [first] = recording.frames;
      const loaded = recording.frames.find(({ loads }) => loads.length > 0)!;
      const odd = (load: object) =>
        change({
          frames: [
            { ...loaded, loads: loaded.loads.map((one) => ({ ...one, state: "running" })) },
            { ...loaded, loads: loaded.loads.map((one) => ({ ...one, ...load })) },
          ],
          results: undefined,
        });
      const REFUSED: [value: unknown, message: RegExp][] = [
        [null, /^format: this is not a recording of ktcp play; send one that it has saved$/],
        [[], /^format: /],
        [change({ format: "ktcp-play-2" }), /^format: /],
        [change({ frames: [] }), /^frames: the recording is empty; let a load run first$/],
        [change({ frames: [first] }), /^frames: no load has ended with a result; /],
        [change({ frames: [1] }), /^The recording cannot be read: /],
        [change({ savedAt: "<b>" }), /^savedAt: this is not a date$/],
        [change({ machine: { environment: {} } }), /^The recording cannot be read: /],
        [change({ setup: undefined }), /^The recording cannot be read: /],
        [
          odd({ result: { command: "rm" } }),
          /^The recording cannot be read: .*its command is "rm"/,
        ],
        [
          odd({ result: recording.results!.l1, setup: { clients: "<b>" } }),
          /^clients: "<b>" is not /,
        ],
      ];
      const queued = (length: unknown) =>
        change({
          frames: recording.frames.map((frame) => ({
            ...frame,
            servers: frame.servers.map((server) => ({
              ...server,
              sockets: { acceptQueue: { length, limit: 1 } },
            })),
          })),
        });
      for (const [length, shown] of [["7", '"7"'], [-1, "-1"], [1e308, "1e.308"], [{}, "{}"]]) {
        REFUSED.push([queued(length), new RegExp(`^frames: ${shown} is not a measured number$`)]);
      }
      for (const [value, message] of REFUSED) {
        await assert.rejects(recordingReport(value, machine.environment), (error) => {
          assert.ok(error instanceof SetupError, `${error}`);
          assert.match(error.message, message);
          return true;
        });
      }
    });
  },
});
