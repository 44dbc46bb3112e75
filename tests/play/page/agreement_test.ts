/// <reference lib="dom" />
/**
 * What the page shows of a run agrees with what others say of it: the load's own result (`--json`), the
 * server's counters, and `/proc`. Headless Chromium at a real `ktcp play`; skipped where there is none.
 */
import assert from "node:assert/strict";
import { findChromium, launchChromium } from "../../support/report_checks.ts";
import { Marker } from "../../support/marked_processes.ts";
import { OpenedPage, startPlay } from "../../support/play_page.ts";
import { PlayClient } from "../../support/play_client.ts";
import { until } from "../../support/until.ts";

const CHROMIUM = findChromium();

/** How far figures may be apart, as a share: what the page shows has three digits. */
const NEAR = 0.05;

/** An echo server and an HTTP server, and a load on both. */
const SETUP = "#v=1&a.service=http&a.engine=deno&a.model=single" +
  "&b.service=echo&b.engine=deno&b.model=single&load.clients=8&load.durationMs=4000";

/** Of a text as the page has it, the number in base units: `12.3 k`, `1.5 ms` (in us), `90 MiB`. */
function valueOf(text: string): number {
  const [, digits, unit] = /^([\d,.]+)\s*(\S*)$/.exec(text.trim().replaceAll("\u00a0", " "))!;
  const factor = {
    "": 1,
    k: 1e3,
    M: 1e6,
    "µs": 1,
    ms: 1e3,
    s: 1e6,
    MiB: 2 ** 20,
    "%": 0.01,
  }[unit];
  assert.ok(factor !== undefined, text);
  return Number(digits.replaceAll(",", "")) * factor;
}

function assertNear(shown: number, expected: number, what: string, share = NEAR): void {
  const isNear = Math.abs(shown - expected) <= share * Math.max(shown, expected);
  assert.ok(isNear, `${what}: the page shows ${shown}, and it is ${expected}`);
}

/** A table's rows by their first cell. */
function rowsOf(opened: OpenedPage, selector: string): Promise<Record<string, string[]>> {
  return opened.page.$eval(selector, (table) =>
    Object.fromEntries(
      [...(table as HTMLTableElement).tBodies[0].rows].map(({ cells: [name, ...values] }) => [
        name.innerText,
        values.map((cell) => (cell.firstChild?.textContent ?? "")),
      ]),
    ));
}

/** The small figures of the live view by their names. */
function smallFigures({ page }: OpenedPage): Promise<Record<string, string>> {
  return page.$$eval(".figures > div", (all) =>
    Object.fromEntries(all.map((each) => [
      each.querySelector("dt")!.textContent,
      each.querySelector("dd")!.textContent,
    ])));
}

Deno.test({
  name: "a run's figures on the page agree with the loads' results, the servers and /proc",
  ignore: CHROMIUM === null || Deno.build.os !== "linux",
  // The browser's own sockets and timers end with its process.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const marker = new Marker();
    const host = await startPlay({ env: marker.env });
    await using _host = host.process;
    const client = new PlayClient(host.url);
    const browser = await launchChromium(CHROMIUM!);
    try {
      const page = await browser.newPage();
      await page.setViewport({ width: 1280, height: 900 });
      const opened = new OpenedPage(page, host.url);
      await opened.open(SETUP);
      await opened.press("Start server and load");

      // They move.
      const seen = new Set<string>();
      await until(async () => {
        if (await page.$(".first-figure .value") === null) return false;
        const shown = await opened.text(".first-figure .value");
        if (/\d/.test(shown)) seen.add(shown);
        return seen.size >= 4;
      }, () => `only ${[...seen]} seen`);

      // Memory and open connections of the one that is shown, against /proc and the server.
      using onlooker = await client.look();
      const shownLetter = (await opened.text(".shown-server .letter")).trim();
      const { servers } = await onlooker.frame();
      const shown = servers["AB".indexOf(shownLetter)];
      const figures = await smallFigures(opened);
      const status = Deno.readTextFileSync(`/proc/${shown.process!.pid}/status`);
      const rssKiB = Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]);
      assertNear(valueOf(figures["Memory"]), rssKiB * 1024, "memory", 0.2);
      assert.equal(valueOf(figures["Open connections"]), 8);

      // The loads end by themselves; their results are what the commands print with --json.
      const ended = await onlooker.frame(({ loads }) =>
        loads.length === 2 && loads.every(({ state }) => state === "ended")
      );
      const pidsAtEnd = marker.pids();
      assert.equal(pidsAtEnd.length, 3, "the host and two servers");
      await page.click("#tab-runs");
      await page.waitForSelector(".run input[type=checkbox]");
      await page.click(".run input[type=checkbox]");
      await opened.untilText(".runs table", /Answers\s+[1-9]/);
      const rows = await rowsOf(opened, ".runs table");
      for (const load of ended.loads) {
        const index = ended.servers.findIndex(({ id }) => id === load.serverId);
        const { service } = ended.servers[index].setup;
        const result = await client.json({ path: `/api/loads/${load.id}` });
        const [answers, perSecond, latencyUs] = service === "http"
          ? [result.good, result.requestsPerSecond, result.latencyUs]
          : [result.ok, result.messagesPerSecond, result.echoUs];
        const figure = (name: string) => valueOf(rows[name][index]);
        assert.ok(answers > 1000, `${answers} answers`);
        assertNear(figure("Answers"), answers, `${service}: answers`);
        assertNear(figure("Messages per second"), perSecond, `${service}: rate`);
        assertNear(figure("Latency p50"), latencyUs.p50, `${service}: p50`);
        assertNear(figure("Latency p99"), latencyUs.p99, `${service}: p99`);
        // The server's own counter, and its CPU time as /proc has it.
        const after = await onlooker.frame(({ servers }) =>
          servers[index].sample!.counters.served >= answers
        );
        const { sample, process } = after.servers[index];
        assertNear(figure("Answers"), sample!.counters.served, `${service}: served`);
        const usPerMessage = (process!.userUs + process!.systemUs) / sample!.counters.served;
        assert.ok(figure("CPU per message") <= usPerMessage * 1.05, `${service}: CPU per message`);
      }

      // All is stopped, and no process is left but the host.
      for (const series of [1, 2]) {
        const card = `.server-card.series-${series}`;
        await opened.press("Stop server", card);
        // What the page shows then moves the next button: a press meanwhile would miss it.
        await opened.untilText(`${card} .state`, /^not started$/);
      }
      await until(() => marker.pids().length === 1, () => marker.processes().join("\n"));
      assert.deepEqual(opened.faults, []);
    } finally {
      await browser.close();
    }
    const { code } = await host.process.stop("SIGTERM");
    assert.equal(code, 0);
    assert.deepEqual(marker.pids(), []);
  },
});
