/** A disk that fails, at the socket: a whole answer, one line on stderr, and serving goes on. */
import assert from "node:assert/strict";
import { stderr } from "../../../system/stderr.ts";
import fs from "node:fs";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { serve } from "../../../servers/mod.ts";
import { FileClient, requestBytes, type Tree, withFiles } from "../../support/file_server.ts";
import { RawClient } from "../../../bench/check/http/raw_client.ts";
import { ServerProcess } from "../../../tools/soak/server_process.ts";
import { withTree } from "./tree.ts";
import { noDescriptorLimit, setDescriptorLimit } from "../../support/descriptor_limit.ts";
import { FEW_SETUPS, forEachSetup, setupArgs } from "../../support/setups.ts";

const LARGE = new Uint8Array(3 << 20).map((_, i) => i);
const TREE: Tree = {
  "small.txt": "small",
  "large.bin": LARGE,
  "d/one.txt": "one",
  "d/two.txt": "two",
  "d/sub": null,
};

/** Statuses of errors, one of each class and then some. */
const STATUSES: [code: string, status: number][] = [
  ["EACCES", 403],
  ["EPERM", 403],
  ["ENOENT", 404],
  ["ENAMETOOLONG", 404],
  ["ELOOP", 404],
  ["EIO", 500],
  ["EUCLEAN", 500],
  ["EMFILE", 503],
  ["ENFILE", 503],
  ["ENOMEM", 503],
];

function errorOf(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code });
}

/** Runs `use` with another function in the place of `owner[name]`. */
async function replacing<Owner, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  fake: (real: Owner[Name]) => Owner[Name],
  use: () => Promise<void>,
): Promise<void> {
  const real = owner[name];
  owner[name] = fake(real);
  try {
    await use();
  } finally {
    owner[name] = real;
  }
}

/**
 * What is written to stderr while `use` runs. What a server of an earlier test has counted comes up
 * to a second later: faults are taken of `target` only.
 */
async function stderrOf(target: string, use: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const record = () => (text: string) => void lines.push(...text.trimEnd().split("\n"));
  await replacing(stderr, "log", record, use);
  const fault = "ktcp http: cannot read ";
  return lines.filter((line) => !line.startsWith(fault) || line.startsWith(`${fault}${target}:`));
}

/** Checks that `lines` tell of at most `faults` in few lines, all of them `expected`. */
function checkLines(lines: string[], expected: string, faults: number): void {
  assert.ok(lines.length > 0 && lines.length < faults, lines.join("\n"));
  for (const line of lines) assert.equal(line.replace(/ \(and \d+ more like it\)$/, ""), expected);
}

Deno.test("ktcp http --dir answers whole when a file cannot be opened", () =>
  withFiles(TREE, { cacheBytes: 0 }, async ({ ask }) => {
    for (const [code, status] of STATUSES) {
      const fail = () => {
        throw errorOf(code);
      };
      const refused = async (target: string) => {
        // A file that cannot be opened any more, although it is there, is not permitted.
        const seen = (await ask(target)).status;
        const expected = status === 404 ? [404, 403, 503] : [status];
        assert.ok(expected.includes(seen), `${target} ${code}: ${seen}`);
      };
      await replacing(fs, "openSync", () => fail as never, async () => {
        for (const target of ["/small.txt", "/large.bin"]) await refused(target);
      });
      await replacing(Deno, "openSync", () => fail as never, () => refused("/d/"));
      assert.equal((await ask("/small.txt")).body, "small");
    }
  }));

Deno.test("ktcp http --dir answers whole when a path cannot be looked at", () =>
  withFiles(TREE, { cacheBytes: 0 }, async ({ ask }) => {
    const cases = [
      ...STATUSES.map(([code, status]) => [errorOf(code), status] as const),
      [
        new Deno.errors.NotCapable("Requires all access"),
        403,
      ] as const,
    ];
    for (const [error, status] of cases) {
      const fail = () => {
        throw error;
      };
      await replacing(Deno, "statSync", () => fail as never, async () => {
        for (const target of ["/small.txt", "/d/", "/none"]) {
          const answer = await ask(target);
          assert.equal(answer.status, status, `${target} ${error.message}`);
          assert.match(answer.body, new RegExp(`^${status} `));
        }
      });
    }
  }));

Deno.test("ktcp http --dir answers whole when the first piece of a file cannot be read", () =>
  withFiles(TREE, {}, async ({ ask }) => {
    for (const [code, status] of STATUSES) {
      const fail = (...args: unknown[]) => (args.at(-1) as (error: Error) => void)(errorOf(code));
      await replacing(fs, "read", () => fail as never, async () => {
        for (const range of ["bytes=0-", "bytes=5-9,2000000-2000009"]) {
          const answer = await ask("/large.bin", { fields: { Range: range } });
          assert.equal(answer.status, status, code);
          assert.equal(answer.fields["content-length"], String(answer.body.length));
        }
      });
      assert.equal((await ask("/large.bin")).body.length, LARGE.length);
    }
  }));

Deno.test("ktcp http --dir cuts off only the answer whose file fails on the way, and says so once", () =>
  withFiles({ ...TREE, "cut.bin": LARGE }, {}, async ({ ask, address }) => {
    let reads = 0;
    const fake = (real: typeof fs.read) =>
      ((...args: unknown[]) => {
        if (++reads % 2 === 0) (args.at(-1) as (error: Error) => void)(errorOf("EIO"));
        else (real as (...args: unknown[]) => void)(...args);
      }) as never;
    const lines = await stderrOf("/cut.bin", () =>
      replacing(fs, "read", fake, async () => {
        for (let i = 0; i < 5; ++i) {
          await using client = await RawClient.connect(address);
          await client.request("GET", requestBytes("/cut.bin"));
          const { responses, end } = await client.untilFinals(1, 10_000);
          assert.equal(responses.length, 0, `a response that is not whole (${end})`);
          assert.equal((await ask("/small.txt")).body, "small");
        }
      }));
    checkLines(lines, "ktcp http: cannot read /cut.bin: EIO; cut the answer off", 5);
  }));

Deno.test("ktcp http --dir lists the rest when an entry cannot be looked at", () =>
  withFiles(TREE, {}, async ({ ask }) => {
    const failing = (error: Error) => (real: typeof Deno.lstatSync) =>
      ((path: string) => {
        if (path.endsWith("two.txt")) throw error;
        return real(path);
      }) as never;
    const list = async () => {
      const { status, body } = await ask("/d/?format=json");
      assert.equal(status, 200, body);
      return JSON.parse(body).entries as { name: string; url: string | null; size: number }[];
    };
    await replacing(Deno, "lstatSync", failing(errorOf("EIO")), async () => {
      const entries = await list();
      const linked = entries.filter(({ url }) => url !== null).map(({ name }) => name);
      assert.deepEqual(linked, ["sub", "one.txt"]);
      // It is shown where the directory has not changed for a second.
      const faulty = entries.find(({ name }) => name === "two.txt");
      assert.equal(faulty?.size ?? null, null);
    });
    await replacing(Deno, "lstatSync", failing(errorOf("ENOMEM")), async () => {
      assert.equal((await ask("/d/?format=json")).status, 503, "a lack of ours is not the entry's");
    });
  }));

Deno.test("ktcp http --dir answers whole when a directory cannot be read", () =>
  withFiles(TREE, {}, async ({ ask }) => {
    for (const [code, status] of STATUSES) {
      const fail = () => {
        throw errorOf(code);
      };
      await replacing(Deno, "readDir", () => fail as never, async () => {
        const answer = await ask("/d/");
        assert.equal(answer.status, status, code);
        assert.equal(answer.fields["transfer-encoding"], undefined);
      });
    }
  }));

Deno.test("ktcp http --dir prints one line for a disk that fails all the time, without a stack", () =>
  withFiles({ "once.txt": "x" }, { cacheBytes: 0 }, async ({ ask }) => {
    const fail = () => {
      throw errorOf("EIO");
    };
    const lines = await stderrOf(
      "/once.txt",
      () =>
        replacing(fs, "openSync", () => fail as never, async () => {
          for (let i = 0; i < 20; ++i) assert.equal((await ask("/once.txt")).status, 500);
        }),
    );
    checkLines(lines, "ktcp http: cannot read /once.txt: EIO; answered 500", 20);
  }));

Deno.test("ktcp http --dir reads what says to be empty, and answers 500 for what cannot be read", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const server = await serve({
    service: {
      kind: "http",
      content: "dir",
      directory: { root: "/proc/self" },
      limits: DEFAULT_LIMITS,
    },
  });
  try {
    await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
    const lines = await stderrOf("/mem", async () => {
      const limits = await client.ask("/limits");
      assert.deepEqual([limits.status, /Max open files/.test(limits.body)], [200, true]);
      assert.equal((await client.ask("/mem")).status, 500);
      assert.equal((await client.ask("/limits")).status, 200);
    });
    assert.deepEqual(lines, ["ktcp http: cannot read /mem: EIO; answered 500"]);
  } finally {
    await server.stop(1000);
  }
});

forEachSetup(FEW_SETUPS, (setup) => {
  Deno.test(`${setup.label}: out of descriptors, ktcp http --dir answers 503, and goes on later`, {
    ignore: noDescriptorLimit !== undefined,
  }, () =>
    withTree(TREE, async (root) => {
      // Never settled, so that it is not hashed: a Worker that comes up just when the limit is lowered
      // would take the server with it.
      const later = new Date(Date.now() + 3_600_000);
      Deno.utimeSync(`${root}/large.bin`, later, later);
      const args = ["http", "--port", "0", "--dir", root, ...setupArgs(setup), "--cache", "0"];
      await using server = await ServerProcess.start(args);
      await using client = await FileClient.connect({ hostname: "127.0.0.1", port: server.port });
      const targets = ["/small.txt", "/large.bin", "/d/", "/small.txt"];
      for (const target of targets) assert.equal((await client.ask(target)).status, 200);
      await setDescriptorLimit(server.pid, 3);
      for (const target of targets) {
        const answer = await client.ask(target);
        assert.deepEqual([answer.status, answer.body], [503, "503 Service Unavailable\n"], target);
      }
      await setDescriptorLimit(server.pid, 1000);
      for (const target of targets) assert.equal((await client.ask(target)).status, 200);
      await client[Symbol.asyncDispose]();
      const { code, notes } = await server.stop();
      assert.equal(code, 0);
      assert.match(notes, /^ktcp http: cannot read \/small\.txt: EMFILE \(.*'ulimit -n'\); /m);
      assert.doesNotMatch(notes, /internal error|^ {4}at /m);
    }));
});
