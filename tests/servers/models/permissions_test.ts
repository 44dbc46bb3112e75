/**
 * Least authority: what code can do in a Worker that has exactly the permissions of the servers'
 * Workers, and what the main thread can still do once it listens.
 */
import assert from "node:assert/strict";
import { socketlessPermissions, workerPermissions } from "../../../servers/models/permissions.ts";
import { type ServiceOptions, withDefaults } from "../../../servers/models/options.ts";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { freePort } from "../../../system/address.ts";

/** Tries everything; told what is allowed, it says what it could do. */
const INTRUDER = `
const attempts = {
  "read /etc/passwd": () => Deno.readTextFileSync("/etc/passwd"),
  "list /": () => [...Deno.readDirSync("/")],
  "leave the directory": ({ root }) => Deno.readTextFileSync(root + "/../../etc/passwd"),
  "read the directory": ({ root }) => Deno.readTextFileSync(root + "/file.txt"),
  "write the directory": ({ root }) => Deno.writeTextFileSync(root + "/new.txt", "x"),
  "write /tmp": () => Deno.makeTempDirSync(),
  "run a program": () => new Deno.Command("true").outputSync(),
  "run one the Node way": async () =>
    (await import("node:child_process")).execFileSync("true"),
  "use FFI": () => Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }),
  "read the environment": () => Deno.env.get("HOME"),
  "ask the system": () => Deno.hostname(),
  "import code": () => import("data:text/javascript,export default 1" + Math.random()).then(
    () => import("https://localhost:1/code.js")),
  "connect to another port": ({ port }) =>
    Deno.connect({ hostname: "127.0.0.1", port: port + 1 }).catch((error) => {
      if (error instanceof Deno.errors.NotCapable) throw error;
    }),
  "listen on its port": ({ port }) => Deno.listen({ hostname: "127.0.0.1", port }).close(),
  "listen elsewhere": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  "get more in a Worker of its own": () =>
    new Worker("data:text/javascript,0", { type: "module", deno: { permissions: { run: true } } }),
};
self.onmessage = async ({ data }) => {
  const done = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt(data);
      done.push(name);
    } catch (error) {
      if (error instanceof ReferenceError || error instanceof SyntaxError) throw error;
    }
  }
  postMessage(done);
};
`;

async function whatCodeCanDo(
  permissions: Deno.PermissionOptionsObject,
  data: { root: string; port: number },
): Promise<string[]> {
  const url = URL.createObjectURL(new Blob([INTRUDER], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module", deno: { permissions } });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage(data);
    });
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

async function withDirectory(run: (root: string) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "ktcp-permissions-" });
  try {
    Deno.writeTextFileSync(`${root}/file.txt`, "served");
    await run(Deno.realPathSync(root));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const ECHO: ServiceOptions = { kind: "echo", bufferBytes: 4096, verbose: false };

function dirService(root: string): ServiceOptions {
  return { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS };
}

Deno.test("workerPermissions(): its address and the served directory, and nothing else", () =>
  withDirectory(async (root) => {
    const port = freePort();
    const options = withDefaults({ listen: { port }, service: dirService(root) });
    assert.deepEqual(await whatCodeCanDo(workerPermissions(options), { root, port }), [
      "read the directory",
      "listen on its port",
    ]);
  }));

Deno.test("workerPermissions(): without a directory, its address alone", () =>
  withDirectory(async (root) => {
    const port = freePort();
    const options = withDefaults({ listen: { port }, service: ECHO });
    assert.deepEqual(await whatCodeCanDo(workerPermissions(options), { root, port }), [
      "listen on its port",
    ]);
  }));

Deno.test("workerPermissions(): FFI besides, with an engine that makes system calls", () =>
  withDirectory(async (root) => {
    const port = freePort();
    const engine = { name: "epoll", trigger: "level" } as const;
    const options = withDefaults({ listen: { port }, service: dirService(root), engine });
    assert.deepEqual(await whatCodeCanDo(workerPermissions(options), { root, port }), [
      "read the directory",
      "use FFI",
      "listen on its port",
    ]);
    const socketless = await whatCodeCanDo(socketlessPermissions(options), { root, port });
    assert.deepEqual(socketless, ["read the directory"]);
  }));

Deno.test("socketlessPermissions(): the served directory, and nothing else", () =>
  withDirectory(async (root) => {
    const port = freePort();
    for (const [service, able] of [[dirService(root), ["read the directory"]], [ECHO, []]]) {
      const options = withDefaults({ listen: { port }, service: service as ServiceOptions });
      assert.deepEqual(await whatCodeCanDo(socketlessPermissions(options), { root, port }), able);
    }
  }));

Deno.test("the intruder of these tests can do all of it where it may", () =>
  withDirectory(async (root) => {
    const able = await whatCodeCanDo({
      net: true,
      read: true,
      write: true,
      run: true,
      ffi: true,
      env: true,
      sys: true,
      import: true,
    }, { root, port: freePort() });
    // All but the import, which fails for another reason: no code is served at that address.
    assert.equal(able.length, 15, able.join());
    Deno.removeSync(`${root}/new.txt`);
  }));

/** Runs `ktcp` with `args`, and asks the process on SIGUSR2 what its main thread may do. */
async function mainThreadPermissions(args: string[]): Promise<string[]> {
  const main = new URL("../../../cli/main.ts", import.meta.url).href;
  const script = `
    import { main } from ${JSON.stringify(main)};
    const names = ["read", "write", "net", "run", "ffi", "env", "sys", "import"];
    Deno.addSignalListener("SIGUSR2", () => {
      const isGranted = (name) => Deno.permissions.querySync({ name }).state === "granted";
      console.log(JSON.stringify(names.filter(isGranted)));
    });
    Deno.exit(await main(${JSON.stringify(args)}));
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", new URL("../../../deno.json", import.meta.url).pathname, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const line = async () => {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`ktcp ${args.join(" ")} ended early`);
      text += value;
    }
    const [first] = text.split("\n", 1);
    text = text.slice(first.length + 1);
    return first;
  };
  try {
    await line();
    child.kill("SIGUSR2");
    return JSON.parse(await line());
  } finally {
    child.kill("SIGTERM");
    await reader.cancel();
    assert.equal((await child.status).code, 0);
  }
}

Deno.test("ktcp echo --model single: the main thread keeps no permission", async () => {
  const args = ["echo", "--port", "0", "--model", "single"];
  assert.deepEqual(await mainThreadPermissions(args), []);
});

Deno.test("ktcp http: the main thread keeps what later Workers get", async () => {
  for (const model of ["per-core", "shared-pool", "per-connection"]) {
    const args = ["http", "--port", "0", "--model", model];
    assert.deepEqual(await mainThreadPermissions(args), ["read", "net"], model);
  }
});

Deno.test("ktcp http --engine: the main thread keeps what Workers get that replace others", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  for (const model of ["single", "per-core", "shared-pool"]) {
    const args = ["http", "--port", "0", "--model", model, "--engine", "epoll"];
    assert.deepEqual(await mainThreadPermissions(args), ["read", "net", "ffi"], model);
  }
});

Deno.test("ktcp http --unix: the main thread can still remove the socket", () =>
  withDirectory(async (root) => {
    const path = `${root}/socket`;
    const args = ["http", "--unix", path, "--model", "single"];
    assert.deepEqual(await mainThreadPermissions(args), ["read", "write"]);
    assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
  }));
