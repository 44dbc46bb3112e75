/**
 * Loads a server over loopback: with wrk where it is installed, else with ktcp's own clients.
 */
import { fileURLToPath } from "node:url";
import { outputOf } from "../servers/contender.ts";
import { wrk } from "../servers/wrk.ts";

const MAIN = fileURLToPath(new URL("../../../cli/main.ts", import.meta.url));

/** The load on a server. */
export interface Load {
  service: "http" | "echo";
  connections: number;
  /** Whether connections are reused; otherwise each request has its own. */
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

async function run(command: string, args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder().decode(stdout);
  return text === "" ? new TextDecoder().decode(stderr) : text;
}

/** wrk speaks only HTTP: to the echo server it sends responses, which come back as responses. */
async function loadWithWrk(scratch: string, port: number, load: Load): Promise<Figures> {
  const { service, connections, isKeptAlive, seconds } = load;
  const close = isKeptAlive ? [] : ["Connection: close"];
  const message = ["HTTP/1.1 200 OK", ...close, "Content-Length: 0", "", ""].join("\r\n");
  const result = await wrk(`http://127.0.0.1:${port}/`, {
    connections,
    seconds,
    threads: Math.min(load.threads, connections),
    scratch,
    ...(service === "echo" ? { message } : { fields: close }),
  });
  const { requests, p50Us, p99Us, errors } = result;
  const isEmpty = requests === 0;
  return {
    requests,
    requestsPerSecond: requests / result.seconds,
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

/** The best client that is installed, and its name; `scratch` is a folder for its files. */
export function chooseDriver(scratch: string): { name: string; drive: Driver } {
  return outputOf("wrk", "-v") === undefined
    ? { name: "ktcp's own clients", drive: loadWithKtcp }
    : { name: "wrk", drive: (port, load) => loadWithWrk(scratch, port, load) };
}
