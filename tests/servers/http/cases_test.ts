/**
 * Every case of the table at the socket, against each service.
 */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { serve } from "../../../servers/mod.ts";
import { everyByte } from "../../../bench/check/cuts.ts";
import {
  DIR_FILES,
  type HttpCase,
  loadHttpCases,
  type Service,
  SERVICES,
} from "../../../bench/check/http/cases.ts";
import { withinAttempts } from "../../support/attempts.ts";
import { replay } from "../../support/http_replay.ts";
import {
  CASE_SETUPS,
  forEachSetup,
  serverOptions,
  type Setup,
  stepsAtOnce,
} from "../../support/setups.ts";

const cases = loadHttpCases();

/** Short, so that the cases in which nothing more comes do not take long. */
const TIMEOUTS = { idleMs: 700, headMs: 700, contentMs: 700, lingerMs: 2000 };

/** Cases on the wire at once. */
const PARALLEL = 32;

/** So many cases that fail are tried again, alone. */
const MAX_REPEATED = 20;

/** A directory with the files that the cases ask for. */
const root = Deno.makeTempDirSync({ prefix: "ktcp-cases-" });
for (const [name, text] of Object.entries(DIR_FILES)) {
  Deno.writeTextFileSync(`${root}/${name}`, text);
}
addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));

/** Cases, and where their bytes are cut. */
type Replayed = [tests: readonly HttpCase[], cutsOf: (test: HttpCase) => readonly number[]];

async function faultsOf(
  setup: Setup,
  service: Service,
  ...[tests, cutsOf]: Replayed
): Promise<string[]> {
  const server = await serve({
    ...serverOptions(setup),
    service: { kind: "http", content: service, directory: { root }, limits: DEFAULT_LIMITS },
    timeouts: TIMEOUTS,
  });
  const address = { hostname: "127.0.0.1", port: server.port };
  const faultsIn = async (test: HttpCase) =>
    (await replay(test, { address, service, cuts: cutsOf(test) }))
      .map((fault) => `row ${test.row}, ${test.topic}: ${test.name}: ${fault}`);
  const faults: string[] = [];
  const faulty: HttpCase[] = [];
  const queue = [...tests];
  const worker = async () => {
    for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
      const found = await faultsIn(test);
      faults.push(...found);
      if (found.length > 0) faulty.push(test);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  // On a busy machine a timeout may end a connection before its bytes are sent: alone, they are in time.
  if (faulty.length <= MAX_REPEATED) {
    faults.length = 0;
    for (const test of faulty) {
      const again = async () => assert.deepEqual(await faultsIn(test), []);
      await withinAttempts(again, `${setup.label}, ${service}, row ${test.row}`)
        .catch((error: Error) => faults.push(error.message));
    }
  }
  assert.equal(await server.stop(5000), 0, "all connections end within the grace");
  return faults;
}

forEachSetup(CASE_SETUPS, (setup) => {
  Deno.test(`${setup.label}: ktcp http answers every case as the table says`, async (t) => {
    const check = async (service: Service, ...[tests, cutsOf]: Replayed) => {
      const faults = await faultsOf(setup, service, tests, cutsOf);
      assert.equal(faults.length, 0, faults.slice(0, 40).join("\n"));
    };
    const short = cases.filter((test) => test.bytes.length < 200);
    await stepsAtOnce(t, {
      ...Object.fromEntries(
        SERVICES.map((service) => [service, () => check(service, cases, () => [])]),
      ),
      "hello, byte by byte": () => check("hello", short, (test) => everyByte(test.bytes.length)),
    });
  });
});
