/** `ktcp htstress --urls` and `--replay`. */
import assert from "node:assert/strict";
import { response, startCounting } from "../support/http_load_servers.ts";
import { timed } from "../support/attempts.ts";
import { run } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

/** Runs `ktcp htstress` in this process with files that `files` names. */
async function withFiles(
  files: Record<string, string>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** HEAD gets no content. */
function startServer() {
  return startCounting(({ method }) => ({
    bytes: method === "HEAD" ? response("hi").slice(0, -2) : response("hi"),
  }));
}

Deno.test("ktcp htstress --urls: sends methods, fields and contents in turn", async () => {
  await using server = startServer();
  await withFiles({ body: "a=b" }, async (folder) => {
    const list = `${folder}/list`;
    await Deno.writeTextFile(
      list,
      `${server.url}plain\n\nPOST ${server.url}form\nX-A: own\n@${folder}/body\n` +
        `HEAD ${server.url}head\n`,
    );
    const load = ["-k", "-c", "1", "-n", "6", "--json", "--header", "X-A: all"];
    const { code, out, err } = await runMain(["htstress", ...load, "--urls", list]);
    assert.equal(code, 0, err);
    const document = JSON.parse(out);
    assert.deepEqual([document.good, document.urls], [6, [server.url]]);
    const seen = server.seen.map(({ method, target, body, fields }) =>
      `${method} ${target} ${fields.get("x-a")} ${body}`
    );
    const round = ["GET /plain all ", "POST /form own a=b", "HEAD /head all "];
    assert.deepEqual(seen, [...round, ...round]);
    assert.equal(server.connections, 1);
  });
});

Deno.test("ktcp htstress --urls -: reads stdin", async () => {
  await using server = startServer();
  const prefix = ["sh", "-c", `printf '%sa\\n%sb\\n' ${server.url} ${server.url} | "$0" "$@"`];
  const { code, err } = await run(["htstress", "-n", "2", "--urls", "-"], { prefix });
  assert.equal(code, 0, err);
  assert.deepEqual(server.seen.map(({ target }) => target).sort(), ["/a", "/b"]);
});

function logOf(requests: [ms: number, method: string, target: string][]): string {
  return requests.map(([ms, method, target]) =>
    JSON.stringify({ time: new Date(1e12 + ms).toISOString(), method, target, userAgent: "ua" })
  ).join("\n");
}

// A first request that leaves late, as on a busy machine, makes the gaps behind it shorter.
timed("ktcp htstress --replay: sends what a log has, once, in its times", async () => {
  const times: number[] = [];
  await using server = startCounting(({ method }) => {
    times.push(performance.now());
    return { bytes: method === "HEAD" ? response("hi").slice(0, -2) : response("hi") };
  });
  const log = logOf([
    [600, "HEAD", "/last"],
    [0, "GET", "/first"],
    [300, "GET", "/second"],
    [100, "POST", "/form"],
  ]);
  await withFiles({ log: `${log}\nnoise\n` }, async (folder) => {
    for (const extra of [["-k", "-t", "2"], ["-c", "4"]]) {
      times.length = server.seen.length = 0;
      const { code, out, err } = await runMain(
        ["htstress", "--json", ...extra, "--replay", `${folder}/log`, "--speed", "2", server.url],
      );
      assert.equal(code, 0, err);
      assert.equal(JSON.parse(out).good, 3);
      assert.match(err, /replaying 3 requests of '.*log' in 0\.3 s\n/);
      assert.match(
        err,
        /left out: 1: content is not in a log \(first: line 4\); 1: no line .*5\)\n/,
      );
      assert.deepEqual(server.seen.map(({ method, target }) => method + target), [
        "GET/first",
        "GET/second",
        "HEAD/last",
      ]);
      assert.equal(server.seen[0].fields.get("user-agent"), "ua");
      const gapsMs = [times[1] - times[0], times[2] - times[0]];
      assert.ok(gapsMs[0] > 140 && gapsMs[0] < 250, `${gapsMs}`);
      assert.ok(gapsMs[1] > 290 && gapsMs[1] < 400, `${gapsMs}`);
    }
    const first = await runMain(
      ["htstress", "-n", "1", "--json", "--replay", `${folder}/log`, server.url],
    );
    assert.equal(JSON.parse(first.out).good, 1);
  });
});

Deno.test("ktcp htstress --replay: a log without requests is a failure that says why", async () => {
  await withFiles({ log: "noise\n\nnoise\n", empty: "" }, async (folder) => {
    const replay = (name: string) =>
      runMain(["htstress", "--replay", `${folder}/${name}`, "localhost:1"]);
    const { code, err } = await replay("log");
    assert.equal(code, 1);
    assert.match(err, /no request that can be sent again; lines left out: 2: no line of an access/);
    assert.equal((await replay("empty")).code, 1);
  });
});

const USAGE: Record<string, RegExp> = {
  "--urls FOLDER/wrong": /--urls '.*\/wrong' line 3: Not a URL: 'ftp:\/\/x'; write it like/,
  "--urls FOLDER/nobody": /--urls '.*\/nobody' line 2: Cannot read the content '@\/no\/such'/,
  "--urls FOLDER/empty": /--urls '.*\/empty' lists no target/,
  "--urls /no/such": /Cannot read --urls '\/no\/such'/,
  "--urls FOLDER/heads --pipeline 2": /--pipeline '2' needs HEAD in all requests or in none/,
  "--urls FOLDER/heads http://x/": /--urls '.*' and the URL 'http:\/\/x\/' exclude each other/,
  "--replay FOLDER/empty": /--replay '.*' needs one server/,
  "--replay FOLDER/empty http://x/path": /needs one server.*the log has the paths/,
  "--replay FOLDER/empty --rate 5 http://x/": /--replay '.*' and --rate exclude each other/,
  "--replay FOLDER/empty --urls a http://x/": /--replay '.*' and --urls exclude each other/,
  "--speed 2 http://x/": /--speed '2' needs --replay/,
  "--replay FOLDER/empty --speed 0 http://x/": /Not a speed/,
  "--dns all http://x/": /--dns/,
  "8081": /'8081' is only a number; write localhost:8081/,
};

Deno.test("ktcp htstress: usage errors of files name file and line", async () => {
  const files = {
    wrong: "http://a/\n\nftp://x\n",
    nobody: "PUT http://a/\n@/no/such\n",
    empty: "# nothing\n",
    heads: "HEAD http://a/\nGET http://a/\n",
  };
  await withFiles(files, async (folder) => {
    for (const [args, expected] of Object.entries(USAGE)) {
      const { code, out, err } = await runMain(
        ["htstress", ...args.replaceAll("FOLDER", folder).split(" ")],
      );
      assert.equal(code, 2, `${args}: ${err}`);
      assert.equal(out, "");
      assert.match(err, expected);
      assert.equal(err.trimEnd().split("\n").length, 2, "one line and a hint");
    }
  });
});
