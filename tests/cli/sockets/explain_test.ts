import assert from "node:assert/strict";
import { explainTimeWait } from "../../../cli/sockets/explain.ts";
import { readTimeWaitSettings } from "../../../system/sockets/settings.ts";

const SETTINGS = {
  twReuse: 2,
  twReuseDelayMs: 1000,
  maxTwBuckets: 10_000,
  timestamps: 1,
  finTimeoutS: 30,
  portRange: [32768, 60999] as [number, number],
};

/** The text in one line, for phrases that a line break may divide. */
function unwrapped(...args: Parameters<typeof explainTimeWait>): string {
  return explainTimeWait(...args).replaceAll(/\s+/g, " ");
}

Deno.test("explainTimeWait() uses the numbers of the machine", () => {
  const text = unwrapped(2500, SETTINGS);
  assert.match(text, /^TIME-WAIT on this machine: 2500 sockets now/);
  assert.match(text, /tcp_fin_timeout \(30 seconds\)/);
  assert.match(text, /28232 of them \(32768-60999\): 470 connections per second/);
  assert.match(text, /tcp_max_tw_buckets = 10000 are kept, of which 25.0 % are in use/);
  assert.match(text, /tcp_timestamps is on here/);
  assert.match(text, /Here it is 2: as 1, but on loopback only.* after 1 second\./);
});

Deno.test("explainTimeWait() says what each tcp_tw_reuse does", () => {
  assert.match(unwrapped(1, { ...SETTINGS, twReuse: 0 }), /Here it is 0: connect\(\) takes no/);
  assert.match(unwrapped(1, { ...SETTINGS, twReuse: 1 }), /Here it is 1: connect\(\) may take/);
  assert.match(unwrapped(1, { ...SETTINGS, twReuse: 1, twReuseDelayMs: 250 }), /0.25 seconds/);
});

Deno.test("explainTimeWait() stays true where a setting cannot be read", () => {
  const text = unwrapped(0, {});
  assert.doesNotMatch(text, /undefined|NaN/);
  assert.match(text, /unknown here/);
});

Deno.test("explainTimeWait() fits a terminal", () => {
  for (const line of explainTimeWait(131072, SETTINGS).split("\n")) {
    assert.ok(line.length <= 88, line);
  }
});

Deno.test("readTimeWaitSettings() reads this kernel's settings, and lives without them", () => {
  const { finTimeoutS, portRange } = readTimeWaitSettings();
  const read = (name: string) => {
    try {
      return Deno.readTextFileSync(`/proc/sys/net/ipv4/${name}`).trim();
    } catch {
      return undefined;
    }
  };
  assert.equal(finTimeoutS?.toString(), read("tcp_fin_timeout"));
  assert.equal(portRange?.join("\t"), read("ip_local_port_range"));
});
