/** Suites of the load clients are written once, and run with each engine. */
import { CLIENT_ENGINES, type ClientEngine } from "../../bench/load/engine.ts";
import { engineSupport } from "../../system/linux/engines.ts";
import { load } from "./http_load_servers.ts";

/**
 * Registers a test for each engine that this machine allows. Each other one is named by an ignored
 * test, with the reason.
 *
 * @param register of a test; default: `Deno.test`
 */
export function eachEngine(
  name: string,
  run: (engine: ClientEngine) => Promise<void>,
  register: (name: string, run: () => Promise<void>) => void = Deno.test,
): void {
  for (const engine of CLIENT_ENGINES) {
    const reason = engine === "deno" ? undefined : engineSupport(engine).reason;
    if (reason === undefined) register(`${name} (${engine})`, () => run(engine));
    else Deno.test({ name: `${name} (${engine} not here: ${reason})`, ignore: true, fn() {} });
  }
}

/** Makes the options of a load; see `load`. */
export type Load = typeof load;

/** As {@linkcode eachEngine}, for tests of HTTP loads. */
export function eachLoad(
  name: string,
  run: (load: Load, engine: ClientEngine) => Promise<void>,
  register?: (name: string, run: () => Promise<void>) => void,
): void {
  eachEngine(
    name,
    (engine) => run((urls, changes) => load(urls, { engine, ...changes }), engine),
    register,
  );
}
