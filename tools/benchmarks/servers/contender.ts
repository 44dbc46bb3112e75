/** The servers that are compared: how each is found, configured and started. */
import { nginxConfig, type NginxOptions } from "../../../bench/processes/nginx_config.ts";
import { engineArgs, engineLabel, engineRefusal } from "./engines.ts";

/** The port and the folder that a server gets. */
export interface Place {
  port: number;
  /** A directory for configuration files. */
  scratch: string;
}

/** A server that can be started. */
export interface Contender {
  name: string;
  /** Its version, `undefined` when it is not installed. */
  version(): string | undefined;
  /** Why this machine cannot run it although it is installed; undefined when it can. */
  refusal?(): Promise<string | undefined>;
  /** Its command line, run in the foreground. */
  command(place: Place): string[];
}

/** What `command` prints, on either stream; `undefined` when it is not installed. */
export function outputOf(command: string, ...args: string[]): string | undefined {
  try {
    const { stdout, stderr } = new Deno.Command(command, { args }).outputSync();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The version that `command args` names. */
export function versionOf(command: string, ...args: string[]): string | undefined {
  return outputOf(command, ...args)?.match(/\d+\.\d+(?:\.\d+)?/)?.[0];
}

/** Writes `text` to the file `name` in the scratch directory of `place`. @returns its path */
export function configuration(place: Place, name: string, text: string): string {
  const path = `${place.scratch}/${name}`;
  Deno.writeTextFileSync(path, text);
  return path;
}

const MAIN = new URL("../../../cli/main.ts", import.meta.url).pathname;

/** `ktcp http` with `engine` and one Worker, from source. */
export function ktcp(engine: string, ...args: string[]): Contender {
  return {
    name: engineLabel("ktcp", engine),
    refusal: () => engineRefusal(engine, "per-core"),
    version: () => versionOf(Deno.execPath(), "run", "-A", MAIN, "--version"),
    command: ({ port }) => [
      ...[Deno.execPath(), "run", "-A", MAIN, "http", "--workers", "1", "--port", `${port}`],
      ...[...engineArgs(engine), ...args],
    ],
  };
}

/** nginx with `directives` of its blocks; see `nginxConfig`. */
export function nginx(
  name: string,
  directives: Pick<NginxOptions, "http" | "server">,
): Contender {
  const file = name.replace(/\W+/g, "_");
  return {
    name,
    version: () => versionOf("nginx", "-v"),
    command: (place) => {
      const folder = `${place.scratch}/${file}`;
      Deno.mkdirSync(folder, { recursive: true });
      const text = nginxConfig({ folder, port: place.port, ...directives });
      return ["nginx", "-e", "stderr", "-c", configuration(place, `${file}.conf`, text)];
    },
  };
}

/** A program over `Deno.serve`, run with the port and `args`. */
export function denoServe(program: URL, ...args: string[]): Contender {
  return {
    name: "Deno.serve",
    version: () => Deno.version.deno,
    command: ({ port }) => [
      ...[Deno.execPath(), "run", "-A", program.pathname, `${port}`, ...args],
    ],
  };
}
