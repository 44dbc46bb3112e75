/** The frame of the judge: choice of cases, the runner, causes. */
import assert from "node:assert/strict";
import { type Case, fail, type Judged, type Outcome, pass } from "../../../bench/check/case.ts";
import { CAUSES, foundCauses } from "../../../bench/check/causes.ts";
import { ECHO_PROCEDURES } from "../../../bench/check/echo/procedures.ts";
import { ECHO } from "../../../bench/check/echo/protocol.ts";
import { escapeBytes } from "../../../bench/check/escape.ts";
import { HTTP_PROCEDURES } from "../../../bench/check/http/procedures.ts";
import { latin1Bytes } from "../../../bench/check/latin1.ts";
import { Peer } from "../../../bench/check/peer.ts";
import { chosen, matches, mostConnections, mostMs } from "../../../bench/check/plan.ts";
import { SHARED_PROCEDURES } from "../../../bench/check/procedures/shared.ts";
import { holds } from "../../../bench/check/result.ts";
import { runCases } from "../../../bench/check/run.ts";
import { KINDS, loadCases } from "../../../bench/check/suites.ts";
import type { Supervisor, Target } from "../../../bench/check/target.ts";

const suites = await Promise.all(KINDS.map(loadCases));

function caseOf(id: string, run: Case["run"], more: Partial<Case> = {}): Case {
  return {
    id,
    group: "bytes",
    level: "must",
    title: id,
    reference: "RFC 0",
    maxMs: (timeoutMs) => timeoutMs,
    connections: 1,
    isAlone: false,
    run,
    ...more,
  };
}

function targetAt(port: number, more: Partial<Target> = {}): Target {
  return {
    kind: "echo",
    name: `127.0.0.1:${port}`,
    address: { hostname: "127.0.0.1", port },
    protocol: ECHO,
    timeoutMs: 1000,
    signal: new AbortController().signal,
    ...more,
  };
}

const OPTIONS = { parallel: 4, mostMs: 60_000 };

Deno.test("matches(): * stands for any characters, ? for one", () => {
  const table: [string, string, boolean][] = [
    ["bytes/*", "bytes/a/b", true],
    ["*/cut", "stream/cut", true],
    ["bytes/?", "bytes/ab", false],
    ["a.c", "abc", false],
    ["*", "anything/at/all", true],
  ];
  for (const [glob, id, expected] of table) assert.equal(matches(glob, id), expected, glob);
});

Deno.test("chosen(): takes levels up to the asked one, --only, and leaves --skip out", () => {
  const all = [
    caseOf("bytes/a", () => Promise.resolve(pass())),
    caseOf("bytes/b/c", () => Promise.resolve(pass()), { level: "should" }),
    caseOf("end/d", () => Promise.resolve(pass()), { level: "hardening" }),
  ];
  const ids = (level: Case["level"], only: string[], skip: string[]) =>
    chosen(all, { level, only, skip }).map(({ id }) => id);
  assert.deepEqual(ids("must", [], []), ["bytes/a"]);
  assert.deepEqual(ids("hardening", [], ["bytes/b"]), ["bytes/a", "end/d"]);
  assert.deepEqual(ids("should", ["bytes"], ["*/c"]), ["bytes/a"]);
});

Deno.test("escapeBytes(): names what is no letter, marks cuts, and shortens long messages", () => {
  assert.equal(escapeBytes(latin1Bytes("a|\\\r\n\t\0\xff"), [1]), "a|\\|\\\\\\r\\n\\t\\x00\\xff");
  assert.equal(escapeBytes(latin1Bytes("abcdefgh"), [], 4), "ab…(4 bytes)…gh");
});

Deno.test("cases: every one has its own id, names a known cause, and is bounded", () => {
  const known = new Set(CAUSES.map(({ id }) => id));
  for (const cases of suites) {
    const ids = new Set(cases.map(({ id }) => id));
    assert.equal(ids.size, cases.length, "ids are unique");
    for (const { id, group, cause, maxMs, connections } of cases) {
      assert.ok(id.startsWith(`${group}/`), id);
      assert.ok(cause === undefined || known.has(cause), `${id}: ${cause}`);
      assert.ok(maxMs(1000) > 0 && maxMs(1000) < 60_000, id);
      assert.ok(connections >= 1 && connections <= 4096, id);
    }
    assert.ok(mostMs(cases, 2000, 16) < 20 * 60_000);
    assert.ok(mostConnections(cases, 16) >= Math.min(16, cases.length));
  }
  assert.ok(suites[0].length > 1000, "all replayed requests are there");
});

Deno.test("procedures: none of a kind hides one of both kinds", () => {
  const own = [...Object.keys(ECHO_PROCEDURES), ...Object.keys(HTTP_PROCEDURES)];
  assert.deepEqual(own.filter((name) => name in SHARED_PROCEDURES), []);
});

Deno.test("foundCauses(): musts first, then what explains others; each cause once", () => {
  const failed = (id: string, level: Judged["level"], cause?: string): Judged => ({
    ...caseOf(id, () => Promise.resolve(pass()), { level }),
    ...fail("it failed"),
    ...(cause === undefined ? {} : { cause }),
  });
  const found = foundCauses([
    failed("a", "should", CAUSES[0].id),
    failed("b", "must", CAUSES[5].id),
    failed("c", "must", CAUSES[2].id),
    failed("d", "must", CAUSES[5].id),
    failed("e", "must"),
  ]);
  assert.deepEqual(found.map(({ id }) => id), [CAUSES[2].id, CAUSES[5].id, "e", CAUSES[0].id]);
  assert.equal(found[1].cases.length, 2);
});

/** A server that echoes, and ends when it receives `!`. */
function fragileServer(port = 0) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const open = new Set<Deno.Conn>();
  const stop = () => {
    for (const socket of [listener, ...open]) {
      try {
        socket.close();
      } catch {
        // Closed before.
      }
    }
  };
  const serve = async (conn: Deno.Conn) => {
    open.add(conn);
    const buffer = new Uint8Array(1024);
    try {
      for (let n; (n = await conn.read(buffer)) !== null;) {
        if (buffer[0] === 0x21) return stop();
        await conn.write(buffer.subarray(0, n));
      }
      conn.close();
    } catch {
      // The connection or the server has ended.
    }
    open.delete(conn);
  };
  const done = (async () => {
    try {
      for await (const conn of listener) void serve(conn);
    } catch {
      // Stopped.
    }
  })();
  return { port: listener.addr.port, stop, done };
}

/** Sends `text`, and passes when it comes back. */
function sending(text: string): Case["run"] {
  return async (target): Promise<Outcome> => {
    using peer = await Peer.connect(target.address);
    await peer.send(latin1Bytes(text));
    await peer.until(() => peer.count >= text.length, target.timeoutMs);
    return peer.count === text.length ? pass() : fail(`the connection was ${peer.end}`);
  };
}

Deno.test("runCases(): names the case that ended the server, and skips what comes later", async () => {
  const server = fragileServer();
  const cases = [
    caseOf("bytes/good", sending("a")),
    caseOf("robustness/deadly", sending("!"), { group: "robustness", isAlone: true }),
    caseOf("robustness/later", sending("b"), { group: "robustness", isAlone: true }),
  ];
  const judged = await runCases(cases, targetAt(server.port), OPTIONS);
  await server.done;
  assert.deepEqual(judged.map(({ verdict }) => verdict), ["pass", "fail", "skipped"]);
  assert.equal(judged[1].cause, "dies");
  assert.match(judged[2].why, /no longer accepts/);
  assert.equal(holds(judged), false);
});

Deno.test("runCases(): with who starts it again, every case is judged, also beside others", async () => {
  let server = fragileServer();
  const { port } = server;
  let restarts = 0;
  const supervisor: Supervisor = {
    // The probe that follows tells: a closed listener refuses connections.
    get ended() {
      try {
        Deno.listen({ hostname: "127.0.0.1", port }).close();
        return "exit code 1";
      } catch {
        return undefined;
      }
    },
    restart() {
      restarts++;
      server = fragileServer(port);
      return Promise.resolve();
    },
    terminate: () => Promise.resolve(null),
  };
  const texts = ["a", "b", "!", "c", "d", "e"];
  const cases = texts.map((text) => caseOf(`bytes/${text}`, sending(text)));
  const judged = await runCases(cases, targetAt(port, { supervisor }), OPTIONS);
  server.stop();
  const failed = judged.filter(({ verdict }) => verdict === "fail").map(({ id }) => id);
  assert.deepEqual(failed, ["bytes/!"]);
  assert.equal(judged[2].cause, "dies");
  assert.ok(restarts >= 1);
});

Deno.test("runCases(): begins no case after an interruption", async () => {
  const interrupted = new AbortController();
  const server = fragileServer();
  const cases = [
    caseOf("bytes/a", () => Promise.resolve(interrupted.abort()).then(() => pass())),
    caseOf("bytes/b", sending("b")),
  ];
  const target = targetAt(server.port, { signal: interrupted.signal });
  const judged = await runCases(cases, target, { ...OPTIONS, parallel: 1 });
  server.stop();
  await server.done;
  assert.deepEqual(judged.map(({ verdict }) => verdict), ["pass", "skipped"]);
});
