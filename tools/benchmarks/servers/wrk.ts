/** Runs wrk and reads its figures. */

/** What one run of wrk measured. */
export interface WrkResult {
  /** Complete responses. */
  requests: number;
  /** Bytes received, heads included. */
  bytes: number;
  seconds: number;
  /** 99th percentile of the latency; of nothing when no response was complete. */
  p99Us: number;
  /** Bad statuses, failed connections, reads and writes, timeouts. */
  errors: number;
}

/** wrk's own summary rounds; its hook knows the numbers. */
const SUMMARY = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests":%d,"bytes":%d,"seconds":%f,"p99Us":%f,"errors":%d}\\n',
    summary.requests, summary.bytes, summary.duration / 1e6, latency:percentile(99),
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

/** Loads `url` for `seconds` over `connections` from the core `core`. */
export async function wrk(
  url: string,
  options: {
    connections: number;
    seconds: number;
    core: number;
    scratch: string;
    pipeline?: number;
  },
): Promise<WrkResult> {
  const { connections, seconds, core, scratch, pipeline = 1 } = options;
  const script = `${scratch}/wrk.lua`;
  await Deno.writeTextFile(script, pipeline > 1 ? pipelining(pipeline) + SUMMARY : SUMMARY);
  const args = ["-c", `${core}`, "wrk", "-t", "1", "-c", `${connections}`, "-d", `${seconds}s`];
  const { stdout, stderr } = await new Deno.Command("taskset", {
    args: [...args, "-s", script, url],
  }).output();
  const line = new TextDecoder().decode(stdout).match(/^RESULT (.*)$/m)?.[1];
  if (line === undefined) throw new Error(`wrk ${url}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(line);
}
