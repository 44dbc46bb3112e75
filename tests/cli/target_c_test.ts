/** `--target-c`: a server in C is compiled, found by its socket, compared and ended. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import { CompiledServer, nameOf, parseSource } from "../../cli/lab/target_c.ts";
import { Failure } from "../../cli/shared/failure.ts";
import { run, whyNot } from "../support/launch.ts";
import { Marker } from "../support/marked_processes.ts";

/** Why there is no compiler; undefined where there is one. */
const without = Deno.build.os === "linux" ? whyNot(["cc", "--version"]) : "not Linux";

/** An echo server that serves one connection after the other, at any free port. */
const SERVER = String.raw`
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    char buf[512];
    bind(listener, (struct sockaddr *) &addr, sizeof(addr));
    listen(listener, 64);
    for (;;) {
        int client = accept(listener, 0, 0);
        ssize_t len;
        memset(buf, 0, sizeof(buf));
        while ((len = recv(client, buf, sizeof(buf), 0)) > 0)
            send(client, buf, LENGTH, 0);
        close(client);
    }
}
`;

/** Writes `source` to a file `name` in a folder that is removed in the end. */
async function withSource(
  name: string,
  source: string,
  work: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, name);
    await Deno.writeTextFile(path, source);
    await work(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [length, padsTo] of [["len", null], ["sizeof(buf)", 512]] as const) {
  Deno.test({
    name: `CompiledServer: one that sends ${length} bytes is found, probed and ended`,
    ignore: without !== undefined,
    fn: () =>
      withSource("mine.c", SERVER.replace("LENGTH", length), async (path) => {
        await using server = await CompiledServer.compile(path);
        for (let i = 0; i < 2; i++) {
          const target = await server.start();
          assert.deepEqual(
            [target.name, target.hostname, target.protocol, target.padsTo],
            ["mine.c", "127.0.0.1", "echo", padsTo],
          );
          assert.equal(await server.end(), null);
          await server.stop();
          await assert.rejects(Deno.connect({ port: target.port }));
        }
      }),
  });
}

const BROKEN: [what: string, source: string, error: RegExp][] = [
  [
    "a fault of syntax",
    "int main(void) { return 0 }",
    /Cannot compile .*broken\.c': cc says .*error/,
  ],
  ["nothing that listens", "int main(void) { return 3; }", /Cannot start .*ended with exit code 3/],
  [
    "a reason on stderr",
    '#include <stdio.h>\nint main(void) { fputs("bind: in use\\n", stderr); return 1; }',
    /exit code 1 \(bind: in use\)\. If its port is in use/,
  ],
];

for (const [what, source, error] of BROKEN) {
  Deno.test({
    name: `CompiledServer: ${what} is a failure that says so`,
    ignore: without !== undefined,
    fn: () =>
      withSource("broken.c", source, async (path) => {
        await assert.rejects(async () => {
          await using server = await CompiledServer.compile(path);
          await server.start();
        }, (thrown) => thrown instanceof Failure && error.test(thrown.message));
      }),
  });
}

Deno.test("ktcp lab --target-c: a missing file, or no compiler, fails in one line", async () => {
  await withSource("mine.c", "", async (path) => {
    for (
      const [file, error] of [[`${path}.c`, /no such file/], [path, /no C compiler \(\/no\/cc\)/]]
    ) {
      const args = ["lab", "edge", "--quick", "--target-c", file as string];
      const { code, out, err } = await run(args, { env: { CC: "/no/cc" } });
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, error as RegExp);
      assert.equal(err.trimEnd().split("\n").length, 1);
    }
  });
});

Deno.test({
  name: "ktcp lab edge --target-c: it joins, and nothing of it is left",
  ignore: without !== undefined,
  fn: () =>
    withSource("mine.c", SERVER.replace("LENGTH", "len"), async (path) => {
      const marker = new Marker();
      const args = ["lab", "edge", "--quick", "--rounds", "1", "--json", "--target-c", path];
      const { code, out, err } = await run(args, { env: marker.env });
      assert.equal(code, 0, err);
      const { variants } = JSON.parse(out);
      const mine = variants.filter(({ label }: { label: string }) => label === "mine.c");
      assert.equal(mine.length, 2);
      assert.ok(mine.every(({ bytesBack }: { bytesBack: number }) => bytesBack > 0));
      assert.deepEqual(marker.processes(), []);
    }),
});

Deno.test("parseSource(): C files, each name once", () => {
  assert.deepEqual(parseSource("b/two.c", parseSource("a/one.c")), ["a/one.c", "b/two.c"]);
  assert.equal(nameOf("a/user-echo-server.c"), "user-echo-server.c");
  assert.throws(() => parseSource("b/one.c", ["a/one.c"]), InvalidArgumentError);
  for (const path of ["one", "one.cc", ".c", "a/.c"]) {
    assert.throws(() => parseSource(path), InvalidArgumentError, path);
  }
});
