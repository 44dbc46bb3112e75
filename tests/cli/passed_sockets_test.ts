/** Sockets that a service manager passes: `ktcp echo` and `ktcp http` with LISTEN_FDS. */
import assert from "node:assert/strict";
import { untilReady } from "../../bench/processes/ready_line.ts";
import { MODELS } from "../../servers/mod.ts";
import { ENGINES } from "../../servers/net/engine_options.ts";
import { freePort } from "../../system/address.ts";
import { accept, close, connectTcp, listenTcp, listenUnix } from "../../system/linux/socket.ts";
import { engineSupport, type LinuxEngine } from "../../system/linux/engines.ts";
import { Launched, whyNot } from "../support/launch.ts";
import { launchWith } from "../support/pass_descriptors.ts";
import { until } from "../support/until.ts";

const hostname = "127.0.0.1";
const ignore = Deno.build.os !== "linux";

/** A connection of its own to `to`. @returns what the server answers */
async function get(to: Deno.ConnectOptions | Deno.UnixConnectOptions): Promise<string> {
  using conn = await Deno.connect(to as Deno.ConnectOptions);
  const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  await conn.write(new TextEncoder().encode(request));
  return await new Response(conn.readable).text();
}

/** Each engine with `single`, and each model with one of them: a Worker's loop is the same in all. */
const SETUPS = MODELS.flatMap((model) =>
  (ENGINES.filter((engine) => engine !== "deno") as LinuxEngine[])
    .filter((engine) => model === "single" || engine === "epoll")
    .filter((engine) => !ignore && engineSupport(engine).isAvailable)
    .map((engine) => ({ model, engine }))
);

for (const { model, engine } of SETUPS) {
  Deno.test(`a passed socket is served, and left as it was: ${model}, ${engine}`, async () => {
    const { fd, port } = listenTcp({ hostname, port: 0 });
    try {
      const options = ["--model", model, "--engine", engine, "--workers", "2", "--stats"];
      await using server = launchWith([fd], ["http", ...options]);
      assert.equal((await untilReady(server))!.address, `${hostname}:${port}`);
      for (let i = 0; i < 5; ++i) assert.match(await get({ port }), /^HTTP\/1.1 200 OK\r\n.*!\n$/s);
      // Not inherited by what the server would start: O_CLOEXEC.
      const flags = /flags:\t(\d+)/.exec(Deno.readTextFileSync(`/proc/${server.pid}/fdinfo/3`));
      assert.equal(parseInt(flags![1], 8) & 0o2000000, 0o2000000);
      const { code, err } = await server.stop("SIGTERM");
      assert.deepEqual([code, / 5 requests,.* 0 errors\n$/.test(err)], [0, true], err);
      // Whoever passed it still has it: connections wait for the next server.
      close(connectTcp(hostname, port));
      let accepted = -1;
      await until(() => (accepted = accept(fd)) >= 0);
      close(accepted);
    } finally {
      close(fd);
    }
  });
}

Deno.test({
  name: "sockets that share a port take a Worker each",
  ignore,
  fn: async () => {
    const first = listenTcp({ hostname, port: 0, reusePort: "first" });
    const { port } = first;
    const second = listenTcp({ hostname, port, reusePort: "further" });
    try {
      const fds = [first.fd, second.fd];
      await using server = launchWith(fds, ["http", "--workers", "1", "--stats"]);
      await untilReady(server);
      // The kernel deals connections out to both.
      await Promise.all(Array.from({ length: 40 }, () => get({ port })));
      const { err } = await server.stop("SIGTERM");
      assert.match(err, /per-core runs with 2 Workers: each socket that was passed needs one/);
      assert.match(err, /kworker\/0:0 +[1-9][^]*kworker\/1:0 +[1-9][^]*40 requests/);
    } finally {
      close(first.fd);
      close(second.fd);
    }
  },
});

Deno.test({
  name: "a passed Unix domain socket is served by several Workers",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/socket`;
    const fd = listenUnix(path);
    try {
      for (const args of [["--model", "per-core"], ["--model", "shared-pool"]]) {
        await using server = launchWith([fd], ["http", "--unix", "/tmp/other", ...args]);
        assert.equal((await untilReady(server))!.address, `unix:${path}`);
        assert.match(await get({ transport: "unix", path }), /Hello World!/);
        const { code, err } = await server.stop("SIGTERM");
        assert.deepEqual([code, /--unix is not used: .* was passed/.test(err)], [0, true], err);
        // The path is of who has made it.
        assert.ok(Deno.lstatSync(path).isSocket);
      }
    } finally {
      close(fd);
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** What is passed: descriptors, to be closed behind it. */
interface Refused {
  name: string;
  pass?: () => number[];
  args?: string[];
  env?: Record<string, string>;
  code: number;
  says: RegExp;
}

const listening = () => listenTcp({ hostname, port: 0 }).fd;

const REFUSED: Refused[] = [
  {
    name: "the engine deno",
    args: ["--engine", "deno"],
    code: 2,
    says: /'--engine deno' cannot listen on the socket .*; use --engine epoll or io_uring/,
  },
  {
    name: "TLS",
    args: ["--tls-self-signed"],
    code: 2,
    says: /TLS takes the engine deno, .*; start ktcp without its socket unit/,
  },
  {
    name: "a connection",
    pass: () => {
      const { fd, port } = listenTcp({ hostname, port: 0 });
      return [connectTcp(hostname, port), fd];
    },
    code: 1,
    says: /descriptor 3 \('unknown'\), which was passed, is a connection \(socket:/,
  },
  {
    name: "no socket",
    pass: () => [],
    env: { LISTEN_FDS: "1", LISTEN_FDNAMES: "web.socket" },
    code: 1,
    says: /descriptor 3 \('web.socket'\), which was passed, is (no socket|not open)/,
  },
  {
    name: "sockets at two addresses",
    pass: () => [listening(), listening()],
    code: 1,
    says: /at 127.0.0.1:\d+ and 127.0.0.1:\d+, but a server listens at one address/,
  },
  {
    name: "two sockets in a model that listens on one",
    pass: () => {
      const { fd, port } = listenTcp({ hostname, port: 0, reusePort: "first" });
      return [fd, listenTcp({ hostname, port, reusePort: "further" }).fd];
    },
    args: ["--model", "shared-pool"],
    code: 2,
    says: /2 sockets were passed, and --model shared-pool listens on one; use --model per-core/,
  },
  {
    name: "a number that is none",
    env: { LISTEN_FDS: "many" },
    code: 1,
    says: /LISTEN_FDS is 'many', which is no number of descriptors/,
  },
];

for (const { name, pass = () => [listening()], args = [], env, code, says } of REFUSED) {
  Deno.test({
    name: `refused when passed: ${name}`,
    ignore,
    fn: async () => {
      const fds = pass();
      try {
        await using server = launchWith(fds, ["http", "--port", "0", ...args], { env });
        const ended = await server.ended;
        assert.equal(ended.code, code, ended.err);
        assert.match(ended.err, says);
      } finally {
        fds.forEach(close);
      }
    },
  });
}

Deno.test({
  name: "sockets for another process are not this one's",
  ignore,
  fn: async () => {
    const { fd, port } = listenTcp({ hostname, port: 0 });
    try {
      await using server = launchWith([fd], ["http", "--port", "0"], { env: { LISTEN_PID: "1" } });
      const ready = await untilReady(server);
      assert.notEqual(ready!.port, port);
      assert.equal((await server.stop("SIGTERM")).code, 0);
    } finally {
      close(fd);
    }
  },
});

const ACTIVATE = "systemd-socket-activate";

Deno.test({
  name: `${ACTIVATE} starts ktcp echo with the first connection`,
  ignore: ignore || whyNot([ACTIVATE, "--version"]) !== undefined,
  fn: async () => {
    const port = freePort();
    const prefix = [
      ACTIVATE,
      "--listen",
      `${hostname}:${port}`,
      "--setenv",
      "PATH",
      "--setenv",
      "HOME",
    ];
    await using server = new Launched(["echo"], { prefix });
    await server.untilErr(/Listening on/);
    using conn = await Deno.connect({ port });
    await conn.write(new TextEncoder().encode("hello"));
    assert.equal((await untilReady(server))!.address, `${hostname}:${port}`);
    const buffer = new Uint8Array(9);
    const count = await conn.read(buffer);
    assert.equal(new TextDecoder().decode(buffer.subarray(0, count!)), "hello");
    const { code, err } = await server.stop("SIGTERM");
    assert.equal(code, 0, err);
  },
});
