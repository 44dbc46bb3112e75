/**
 * Loads a server over loopback: with wrk where it is installed, else with ktcp's own clients.
 */
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

/** What a server is put under. */
export interface Load {
  service: "http" | "echo";
  connections: number;
  /** Whether a connection is used again, or each request has one of its own. */
  isKeptAlive: boolean;
  seconds: number;
  /** Threads of the client. */
  threads: number;
}

/** What the client saw. Latencies are `NaN` when nothing was answered. */
export interface Figures {
  requests: number;
  requestsPerSecond: number;
  p50Us: number;
  p99Us: number;
  errors: number;
}

/** Puts `port` under `load`. */
export type Driver = (port: number, load: Load) => Promise<Figures>;

/**
 * wrk speaks HTTP alone. To the echo server it sends responses, which come back as such; only the
 * first message of its first thread has to be a request, because wrk looks at it before the run.
 */
const WRK_SCRIPT = `
local message = os.getenv("KTCP_MESSAGE")
local count = 0
function setup(thread)
  thread:set("id", count)
  count = count + 1
end
if message then
  local isFirst = true
  request = function()
    if isFirst and id == 0 then
      isFirst = false
      return "GET / HTTP/1.1\\r\\n\\r\\n"
    end
    return message
  end
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %f %f %f %d\\n", summary.requests, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`;

async function run(command: string, args: string[], env = {}): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, { args, env }).output();
  const text = new TextDecoder().decode(stdout);
  return text === "" ? new TextDecoder().decode(stderr) : text;
}

async function hasWrk(): Promise<boolean> {
  try {
    return /^wrk /.test(await run("wrk", ["-v"]));
  } catch {
    return false;
  }
}

async function loadWithWrk(script: string, port: number, load: Load): Promise<Figures> {
  const { service, connections, isKeptAlive, seconds } = load;
  const threads = Math.min(load.threads, connections);
  const close = isKeptAlive ? "" : "Connection: close\r\n";
  const message = `HTTP/1.1 200 OK\r\n${close}Content-Length: 0\r\n\r\n`;
  const args = ["-t", `${threads}`, "-c", `${connections}`, "-d", `${seconds}s`, "-s", script];
  if (service === "http" && !isKeptAlive) args.push("-H", "Connection: close");
  const env = service === "echo" ? { KTCP_MESSAGE: message } : {};
  const text = await run("wrk", [...args, `http://127.0.0.1:${port}/`], env);
  const figures = /^RESULT (.*)$/m.exec(text)?.[1].split(" ").map(Number);
  if (figures === undefined) throw new Error(`wrk printed no result: ${text}`);
  const [requests, took, p50Us, p99Us, errors] = figures;
  const isEmpty = requests === 0;
  return {
    requests,
    requestsPerSecond: requests / took,
    p50Us: isEmpty ? NaN : p50Us,
    p99Us: isEmpty ? NaN : p99Us,
    errors,
  };
}

/** Messages of a connection that stays open, when `ktcp bench` is the client. */
const MESSAGES = 200;

async function loadWithKtcp(port: number, load: Load): Promise<Figures> {
  const { service, connections, isKeptAlive, seconds, threads } = load;
  const args = service === "http"
    ? [
      ...["htstress", "-c", `${Math.ceil(connections / threads)}`, "-t", `${threads}`],
      ...["--duration", `${seconds}s`, ...(isKeptAlive ? ["--keep-alive"] : [])],
      ...["--json", `http://127.0.0.1:${port}/`],
    ]
    : [
      ...["bench", "--port", `${port}`, "--threads", `${connections}`, "--rounds", "5"],
      ...["--messages", isKeptAlive ? `${MESSAGES}` : "1", "--json"],
    ];
  const text = await run(Deno.execPath(), ["run", "-A", MAIN, ...args]);
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error(`ktcp ${args.join(" ")} printed no result: ${text}`);
  }
  if (service === "echo") {
    const { ok, failed, messagesPerSecond, echoUs } = document;
    return {
      requests: ok,
      requestsPerSecond: messagesPerSecond,
      p50Us: echoUs.p50 ?? NaN,
      p99Us: echoUs.p99 ?? NaN,
      errors: failed,
    };
  }
  const { good, bad, socketErrors, requestsPerSecond, latencyUs } = document;
  return {
    requests: good,
    requestsPerSecond,
    p50Us: latencyUs.p50 ?? NaN,
    p99Us: latencyUs.p99 ?? NaN,
    errors: bad + socketErrors,
  };
}

/** The best client there is, and its name. */
export async function chooseDriver(): Promise<{ name: string; drive: Driver } & Disposable> {
  if (!await hasWrk()) {
    return { name: "ktcp's own clients", drive: loadWithKtcp, [Symbol.dispose]() {} };
  }
  const script = Deno.makeTempFileSync({ prefix: "ktcp-bench-", suffix: ".lua" });
  Deno.writeTextFileSync(script, WRK_SCRIPT);
  return {
    name: "wrk",
    drive: (port, load) => loadWithWrk(script, port, load),
    [Symbol.dispose]: () => Deno.removeSync(script),
  };
}
