import assert from "node:assert/strict";
import { takeManagerAddress, takePassedDescriptors } from "../../system/service_variables.ts";

const PID = 42;

/** An environment in memory, and what is left in it. */
function environment(values: Record<string, string>) {
  const left = new Map(Object.entries(values));
  return {
    left,
    get: (name: string) => left.get(name),
    delete: (name: string) => left.delete(name),
  };
}

const DESCRIPTORS: [env: Record<string, string>, expected: [number, string][]][] = [
  [{}, []],
  [{ LISTEN_FDS: "1" }, []],
  [{ LISTEN_FDS: "1", LISTEN_PID: "41" }, []],
  [{ LISTEN_FDS: "1", LISTEN_PID: "" }, []],
  [{ LISTEN_FDS: "many", LISTEN_PID: "41" }, []],
  [{ LISTEN_FDS: "0", LISTEN_PID: "42" }, []],
  [{ LISTEN_FDS: "1", LISTEN_PID: "42" }, [[3, "unknown"]]],
  [
    { LISTEN_FDS: "3", LISTEN_PID: "42", LISTEN_FDNAMES: "web.socket::x", LISTEN_PIDFDID: "7" },
    [[3, "web.socket"], [4, "unknown"], [5, "x"]],
  ],
];

Deno.test("takePassedDescriptors() takes what is for this process, and all variables", () => {
  for (const [values, expected] of DESCRIPTORS) {
    const env = environment({ ...values, PATH: "/bin" });
    const found = takePassedDescriptors(env, PID).map(({ fd, name }) => [fd, name]);
    assert.deepEqual(found, expected, JSON.stringify(values));
    assert.deepEqual([...env.left.keys()], ["PATH"]);
  }
  for (const LISTEN_FDS of ["many", "-1", "99999", "1.5", ""]) {
    const env = environment({ LISTEN_FDS, LISTEN_PID: "42" });
    assert.throws(() => takePassedDescriptors(env, PID), {
      name: "TypeError",
      message: /LISTEN_FDS/,
    });
  }
});

const ADDRESSES: [env: Record<string, string>, expected: unknown][] = [
  [{}, undefined],
  [{ NOTIFY_SOCKET: "" }, undefined],
  [{ WATCHDOG_USEC: "1000" }, undefined],
  [{ NOTIFY_SOCKET: "@x" }, { notifySocket: "@x" }],
  [{ NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "30000000" }, { notifySocket: "/x", watchdogMs: 30_000 }],
  [
    { NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "2500", WATCHDOG_PID: "42" },
    { notifySocket: "/x", watchdogMs: 2.5 },
  ],
  [{ NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "2500", WATCHDOG_PID: "41" }, { notifySocket: "/x" }],
  [{ NOTIFY_SOCKET: "/x", WATCHDOG_USEC: "soon" }, { notifySocket: "/x" }],
];

Deno.test("takeManagerAddress() tells whom to tell, and how often, and takes all variables", () => {
  for (const [values, expected] of ADDRESSES) {
    const env = environment({ ...values, PATH: "/bin" });
    assert.deepEqual(takeManagerAddress(env, PID), expected, JSON.stringify(values));
    assert.deepEqual([...env.left.keys()], ["PATH"]);
  }
});
