/** The command line as a process of its own. */

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

function ktcp(args: readonly string[], options: Deno.CommandOptions): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--config", CONFIG, MAIN, ...args],
    ...options,
  });
}

/** Runs a command to its end. */
export async function runKtcp(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await ktcp(args, { stdout: "piped", stderr: "piped" }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A running server; disposing of it tells it to drain. */
export interface KtcpServer extends AsyncDisposable {
  address: { hostname: string; port: number };
}

/** Starts a server on a port of its choice, and waits until it accepts connections. */
export async function startKtcp(...args: string[]): Promise<KtcpServer> {
  const server = ktcp([...args, "--port", "0"], { stdout: "piped", stderr: "null" }).spawn();
  let line = "";
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  while (!line.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`ktcp ${args.join(" ")} does not start`);
    line += value;
  }
  return {
    address: { hostname: "127.0.0.1", port: Number(/:(\d+)\n/.exec(line)![1]) },
    async [Symbol.asyncDispose]() {
      server.kill("SIGTERM");
      await reader.cancel();
      const { code } = await server.status;
      if (code !== 0) throw new Error(`ktcp ${args.join(" ")} ended with ${code}`);
    },
  };
}
