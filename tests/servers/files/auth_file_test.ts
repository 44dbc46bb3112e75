/** `--auth-file`: users by a password file. */
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { hashSync } from "bcryptjs";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { PasswordQueue } from "../../../servers/files/compression/password_queue.ts";
import { parseHtpasswd } from "../../../servers/files/htpasswd.ts";
import { Passwords } from "../../../servers/files/passwords.ts";
import { serve } from "../../../servers/mod.ts";
import { systemClock } from "../../../system/clock.ts";
import { FileClient } from "../../support/file_server.ts";
import { launchServer } from "../../support/launch.ts";
import { runMain } from "../../support/run_main.ts";
import { forEachSetup, MODEL_SETUPS, serverOptions } from "../../support/setups.ts";
import { withTree } from "./tree.ts";

const line = (user: string, password: string) => `${user}:${hashSync(password, 4)}\n`;
const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

Deno.test("parseHtpasswd() reads bcrypt hashes, and names the line that it cannot use", () => {
  const ann = line("ann", "a");
  const users = parseHtpasswd(`# people\n\n${ann.replace("$2b$", "$2y$")}${line("bob", "b")}`);
  assert.deepEqual([...users.keys()], ["ann", "bob"]);
  const cases: [text: string, message: RegExp][] = [
    ["", /names nobody/],
    ["# nobody\n", /names nobody/],
    [ann + "eve", /line 2 has no user/],
    [":x", /line 1 has no user/],
    ["eve:$apr1$x$y", /line 1 holds no bcrypt hash .*htpasswd -B/],
    ["eve:{SHA}x", /line 1 holds no bcrypt hash/],
    ["eve:plain", /line 1 holds no bcrypt hash/],
    [ann.replace("$04$", "$15$"), /line 1 has the cost 15, and 4 to 14/],
    [ann.replace("$04$", "$03$"), /line 1 has the cost 3/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseHtpasswd(text), message, text);
  assert.throws(() => parseHtpasswd("eve:secret"), (error: Error) => !/secret/.test(error.message));
});

Deno.test("right passwords are remembered for a minute, and until the file is read again", async () => {
  let nowMs = 0;
  const clock = { ...systemClock, nowMs: () => nowMs };
  const asked: string[] = [];
  const judge = {
    isRight: ({ user, password }: { user: string; password: string }) => {
      asked.push(user);
      return Promise.resolve(password === "right");
    },
  };
  const revision = new SharedArrayBuffer(4);
  const passwords = new Passwords(judge, revision, clock);
  const ann = { user: "ann", password: "right" };
  // Those that come at once share a check.
  assert.deepEqual(await Promise.all([passwords.isRight(ann), passwords.isRight(ann)]), [
    true,
    true,
  ]);
  assert.equal(passwords.isRight(ann), true);
  assert.equal(asked.length, 1);
  nowMs = 60_000;
  assert.equal(await passwords.isRight(ann), true);
  assert.equal(asked.length, 2);
  Atomics.add(new Int32Array(revision), 0, 1);
  assert.notEqual(passwords.isRight(ann), true);
  assert.equal(asked.length, 3);
  for (let i = 0; i < 2; ++i) {
    assert.equal(await passwords.isRight({ user: "ann", password: "wrong" }), false);
  }
  assert.equal(asked.length, 5);
});

Deno.test("PasswordQueue compares one at a time, as long for nobody, and tells the 65th to come again", async () => {
  const begun: PromiseWithResolvers<boolean | undefined>[] = [];
  const hashes: string[] = [];
  const queue = new PasswordQueue(new Map([["ann", "hash"]]), ({ hash }) => {
    hashes.push(hash);
    begun.push(Promise.withResolvers());
    return begun.at(-1)!.promise;
  });
  const judged = Array.from(
    { length: 65 },
    (_, at) => queue.isRight({ user: at === 0 ? "ann" : "eve", password: "x" }),
  );
  assert.equal(await judged[64], undefined);
  assert.equal(begun.length, 1);
  for (let at = 0; at < 64; ++at) {
    begun[at].resolve(true);
    assert.equal(await judged[at], at === 0);
  }
  assert.deepEqual(new Set(hashes), new Set(["hash"]));
});

forEachSetup(MODEL_SETUPS, (setup) => {
  Deno.test(`${setup.label}: a password file lets its users in, and others when it changes`, () =>
    withTree({ "a.txt": "hello" }, async (root) => {
      const server = await serve({
        ...serverOptions(setup),
        workers: 1,
        maxActive: 2,
        users: parseHtpasswd(line("ann", "a") + line("bob", "b")),
        service: {
          kind: "http",
          content: "dir",
          directory: { root, auth: { user: "root", password: "r" } },
          limits: DEFAULT_LIMITS,
        },
      });
      try {
        await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
        const check = async (cases: [user: string, password: string, status: number][]) => {
          for (const [user, password, status] of cases) {
            const answer = await client.ask("/a.txt", { fields: basic(user, password) });
            assert.equal(answer.status, status, `${user}:${password}`);
            assert.equal(answer.fields["www-authenticate"] !== undefined, status === 401);
            if (status === 200) assert.equal(answer.body, "hello");
          }
        };
        assert.equal((await client.ask("/a.txt")).status, 401);
        const before = [["ann", "a", 200], ["bob", "b", 200], ["ann", "b", 401]] as const;
        await check([...before, ["eve", "a", 401], ["root", "r", 200], ["root", "a", 401]]
          .map(([user, password, status]) => [`${user}`, `${password}`, Number(status)]));
        assert.equal(
          (await client.ask("/a.txt", { method: "PUT", fields: basic("ann", "a") })).status,
          405,
        );
        server.setUsers!(parseHtpasswd(line("ann", "new")));
        await check([["ann", "a", 401], ["bob", "b", 401], ["ann", "new", 200]]);
        assert.equal(
          (await client.ask("/missing", { fields: basic("ann", "new") })).status,
          404,
        );
      } finally {
        await server.stop(1000);
      }
    }));
});

Deno.test("ktcp http --auth-file: SIGHUP reads it again, and a bad new one keeps the old", () =>
  withTree({ "site/a.txt": "hello", users: line("ann", "a") }, async (folder) => {
    const file = `${folder}/users`;
    await using server = await launchServer(["http", `${folder}/site`, "--auth-file", file]);
    const status = async (user: string, password: string) => {
      const url = `http://${server.address}/a.txt`;
      const response = await fetch(url, { headers: basic(user, password) });
      await response.body?.cancel();
      return response.status;
    };
    assert.deepEqual([await status("ann", "a"), await status("bob", "b")], [200, 401]);
    Deno.writeTextFileSync(file, "bob:plain\n");
    server.process.signal("SIGHUP");
    await server.process.untilErr(/password file not changed, the old one stays in use: .*line 1/);
    assert.deepEqual([await status("ann", "a"), await status("bob", "b")], [200, 401]);
    Deno.writeTextFileSync(file, line("bob", "b"));
    server.process.signal("SIGHUP");
    await server.process.untilErr(/password file read again/);
    assert.deepEqual([await status("ann", "a"), await status("bob", "b")], [401, 200]);
    assert.equal((await server.process.stop("SIGTERM")).code, 0);
  }));

Deno.test("ktcp http --auth-file says what is wrong", async () => {
  const cases: [args: string[], message: RegExp][] = [
    [[".", "--auth-file", "/nowhere"], /option '--auth-file': cannot read '\/nowhere'/],
    [["--auth-file", "x"], /'--auth-file' is for files, and no directory is named/],
    [[".", "--auth-file", "deno.json"], /--auth-file: line 1 has no user.*in 'deno.json'/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await runMain(["http", ...args]);
    assert.equal(code, 2, err);
    assert.match(err, message);
  }
});
