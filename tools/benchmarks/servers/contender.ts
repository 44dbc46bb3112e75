/** The servers that are compared: how each is found, configured and started. */

/** What a server is given. */
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

/** `ktcp http` with one Worker, from source. */
export function ktcp(...args: string[]): Contender {
  return {
    name: "ktcp",
    version: () => versionOf(Deno.execPath(), "run", "-A", MAIN, "--version"),
    command: ({ port }) => [
      ...[Deno.execPath(), "run", "-A", MAIN, "http", "--workers", "1", "--port", `${port}`],
      ...args,
    ],
  };
}

/**
 * nginx with one worker, keep-alive without end and no access log, else as distributions configure
 * it.
 *
 * @param http further directives of its `http` block
 * @param server further directives of its `server` block
 */
export function nginx(name: string, { http, server }: { http: string; server: string }): Contender {
  const file = name.replace(/\W+/g, "_");
  return {
    name,
    version: () => versionOf("nginx", "-v"),
    command: (place) => {
      const { port, scratch } = place;
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((kind) => `${kind}_temp_path ${scratch}/${file}_${kind};`).join("\n  ");
      const text = `worker_processes 1;
daemon off;
pid ${scratch}/${file}.pid;
error_log ${scratch}/${file}.log crit;
events { worker_connections 1024; }
http {
  ${temporary}
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  ${http}
  server { listen 127.0.0.1:${port}; ${server} }
}
`;
      return ["nginx", "-c", configuration(place, `${file}.conf`, text)];
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
