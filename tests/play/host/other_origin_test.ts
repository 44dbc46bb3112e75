/// <reference lib="dom" />
/**
 * Another page in the same browser, which even knows the token: it starts nothing, and reads nothing.
 * Headless Chromium; skipped where there is none.
 */
import assert from "node:assert/strict";
import { PLAY_SERVER } from "../../support/play_setups.ts";
import { Launched } from "../../support/launch.ts";
import { PlayClient } from "../../support/play_client.ts";
import { findChromium, launchChromium } from "../../support/report_checks.ts";

const CHROMIUM = findChromium();

/** What another page tries, each by its name: what came of it. Runs in the browser. */
async function attack(host: string, token: string, setup: string): Promise<Record<string, string>> {
  const url = (path: string) => `http://${host}${path}?token=${token}`;
  const post = (mode: RequestMode, type: string) =>
    fetch(url("/api/servers"), {
      method: "POST",
      mode,
      headers: { "Content-Type": type },
      body: setup,
    }).then(({ type, status }) => `${type} ${status}`, () => "failed");
  const element = <K extends "script" | "img" | "link" | "iframe">(
    name: K,
    set: (element: HTMLElementTagNameMap[K]) => void,
  ) =>
    new Promise<string>((resolve) => {
      const made = document.createElement(name);
      made.onload = () => {
        const frame = made instanceof HTMLIFrameElement ? made.contentDocument : null;
        resolve(`loaded ${frame?.title ?? ""}`.trim());
      };
      made.onerror = () => resolve("failed");
      set(made);
      document.body.append(made);
    });
  return {
    read: await fetch(url("/api/machine")).then(() => "read", () => "failed"),
    readOpaque: await fetch(url("/api/machine"), { mode: "no-cors" })
      .then(({ type, status }) => `${type} ${status}`, () => "failed"),
    post: await post("cors", "application/json"),
    postSimple: await post("no-cors", "text/plain"),
    form: await new Promise((resolve) => {
      const form = document.createElement("form");
      form.method = "POST";
      form.enctype = "text/plain";
      form.action = url("/api/servers");
      form.target = "sink";
      const sink = document.createElement("iframe");
      sink.name = "sink";
      sink.onload = () => resolve("sent");
      document.body.append(sink, form);
      form.submit();
    }),
    script: await element("script", (made) => made.src = url("/page.js")),
    style: await element("link", (made) => {
      made.rel = "stylesheet";
      made.href = url("/page.css");
    }),
    image: await element("img", (made) => made.src = url("/api/events")),
    frame: await element("iframe", (made) => made.src = url("/")),
    events: await new Promise((resolve) => {
      const events = new EventSource(url("/api/events"));
      events.onopen = () => resolve("open");
      events.onerror = () => resolve("failed");
    }),
  };
}

Deno.test({
  name: "a page of another origin gets nothing, even with the token",
  ignore: CHROMIUM === null,
  fn: async () => {
    await using process = new Launched(["play", "--port", "0"]);
    const [url] = await process.untilOut(/^http:\S+(?=\n)/m);
    const client = new PlayClient(url);
    await using other = Deno.serve({
      port: 0,
      hostname: "127.0.0.1",
      onListen: () => {},
      handler: () =>
        new Response("<!DOCTYPE html><title>Other</title><body>", {
          headers: { "Content-Type": "text/html" },
        }),
    });
    const browser = await launchChromium(CHROMIUM!);
    try {
      const page = await browser.newPage();
      for (const name of ["127.0.0.1", "localhost"]) {
        const host = `${name}:${client.port}`;
        await page.goto(`http://127.0.0.1:${other.addr.port}/`);
        const outcome = await page.evaluate(
          attack,
          host,
          client.token,
          JSON.stringify(PLAY_SERVER),
        );
        assert.deepEqual(outcome, {
          read: "failed",
          readOpaque: "failed",
          post: "failed",
          postSimple: "failed",
          form: "sent",
          script: "failed",
          style: "failed",
          image: "failed",
          // An error page of the browser's own.
          frame: "loaded",
          events: "failed",
        }, name);
        // Nor does it lead there: a link is followed to a refusal.
        const answer = page.waitForResponse((response) => response.url().includes(host));
        await page.evaluate(
          (to) => void (location.href = to),
          `http://${host}/?token=${client.token}`,
        );
        assert.equal((await answer).status(), 403);
        await page.waitForFunction(() => document.readyState === "complete");
        assert.match(await page.evaluate(() => document.body.innerText), /^Open the whole address/);
      }
      // The user's own way in.
      const own = await browser.newPage();
      assert.equal((await own.goto(url))!.status(), 200);
      assert.equal(await own.title(), "ktcp play");
      using looking = await client.look();
      assert.deepEqual((await looking.frame()).servers, []);
      // What failed from elsewhere works from there: it did not fail for another reason.
      const statuses = await own.evaluate(
        async (token, setup) => {
          const ask = async (path: string, init?: RequestInit) =>
            (await fetch(`${path}?token=${token}`, init)).status;
          const headers = { "Content-Type": "application/json" };
          return [
            await ask("/page.js"),
            await ask("/page.css"),
            await ask("/api/machine"),
            await ask("/api/servers", { method: "POST", headers, body: setup }),
          ];
        },
        client.token,
        JSON.stringify(PLAY_SERVER),
      );
      assert.deepEqual(statuses, [200, 200, 200, 201]);
    } finally {
      await browser.close();
    }
  },
});
