/** Runs wrk and reads its figures. */

/** Options of a run of wrk. */
export interface WrkOptions {
  connections: number;
  seconds: number;
  /** Default: 1. */
  threads?: number;
  /** The processor that it runs on; default: any. */
  core?: number;
  /** Folder for its script. */
  scratch: string;
  /** Requests that a connection sends at once; default: 1. */
  pipeline?: number;
  /** Field lines of the request. */
  fields?: readonly string[];
  /** Sends this message instead of requests, except for the first one, which wrk looks at. */
  message?: string;
}

/** What one run of wrk measured. */
export interface WrkResult {
  /** Complete responses. */
  requests: number;
  /** Bytes received, heads included. */
  bytes: number;
  seconds: number;
  /** Percentiles of the latency; meaningless when no response was complete. */
  p50Us: number;
  p99Us: number;
  /** Bad statuses, failed connections, reads and writes, timeouts. */
  errors: number;
}

/** wrk's own summary rounds the numbers; this hook prints them exactly. */
const SUMMARY = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"bytes":%d,"seconds":%f,"p50Us":%f,"p99Us":%f,"errors":%d}\\n',
    summary.requests, summary.bytes, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;

/** Sends `count` requests at once: wrk counts the responses to each of them. */
function pipelining(count: number): string {
  return `init = function()
  local one = wrk.format()
  batch = string.rep(one, ${count})
end
request = function() return batch end
`;
}

/**
 * Sends `message` over and over. Only the first message of the first thread has to be a request,
 * because wrk looks at it before the run.
 */
function repeating(message: string): string {
  return `local count = 0
function setup(thread)
  thread:set("id", count)
  count = count + 1
end
local isFirst = true
request = function()
  if isFirst and id == 0 then
    isFirst = false
    return "GET / HTTP/1.1\\r\\n\\r\\n"
  end
  return ${JSON.stringify(message)}
end
`;
}

function scriptFor({ pipeline = 1, message }: WrkOptions): string {
  if (message !== undefined) return repeating(message) + SUMMARY;
  return pipeline > 1 ? pipelining(pipeline) + SUMMARY : SUMMARY;
}

/** Loads `url`. @throws when wrk measures nothing */
export async function wrk(url: string, options: WrkOptions): Promise<WrkResult> {
  const { connections, seconds, threads = 1, core, scratch, fields = [] } = options;
  const script = `${scratch}/wrk.lua`;
  await Deno.writeTextFile(script, scriptFor(options));
  const [program, ...args] = [
    ...(core === undefined ? [] : ["taskset", "-c", `${core}`]),
    ...["wrk", "-t", `${threads}`, "-c", `${connections}`, "-d", `${seconds}s`, "-s", script],
    ...fields.flatMap((line) => ["-H", line]),
    url,
  ];
  const { stdout, stderr } = await new Deno.Command(program, { args }).output();
  const line = new TextDecoder().decode(stdout).match(/^RESULT (.*)$/m)?.[1];
  if (line === undefined) throw new Error(`wrk ${url}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(line);
}
