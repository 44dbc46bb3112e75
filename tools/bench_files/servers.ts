/**
 * The servers that `bench:files` compares: how each is found, configured and started. All get one
 * core, one worker, keep-alive without end, and no access log.
 */

/** Where a server is to serve what. */
export interface Site {
  root: string;
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
  command(site: Site): string[];
}

const HERE = new URL("./", import.meta.url);
const KTCP = new URL("../../cli/main.ts", HERE).pathname;
const DENO_SERVE = new URL("./deno_serve.ts", HERE).pathname;

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
function versionOf(command: string, ...args: string[]): string | undefined {
  return outputOf(command, ...args)?.match(/\d+\.\d+(?:\.\d+)?/)?.[0];
}

function configuration(site: Site, name: string, text: string): string {
  const path = `${site.scratch}/${name}`;
  Deno.writeTextFileSync(path, text);
  return path;
}

function nginxConf(
  { root, port, scratch }: Site,
  { name, more }: { name: string; more: string },
): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${scratch}/${name}_${kind};`).join("\n  ");
  return `worker_processes 1;
daemon off;
pid ${scratch}/${name}.pid;
error_log ${scratch}/${name}.log crit;
events { worker_connections 1024; }
http {
  ${temporary}
  access_log off;
  sendfile on;
  tcp_nopush on;
  ${more}
  keepalive_requests 1000000000;
  server { listen 127.0.0.1:${port}; root ${root}; }
}
`;
}

/**
 * nginx as distributions configure it, but for what all contenders have in common.
 *
 * @param more directives beside
 */
function nginx(name: string, more: string): Contender {
  const file = name.replace(/\W+/g, "_");
  return {
    name,
    version: () => versionOf("nginx", "-v"),
    command: (site) => {
      const path = configuration(site, `${file}.conf`, nginxConf(site, { name: file, more }));
      return ["nginx", "-c", path];
    },
  };
}

function lighttpdConf({ root, port }: Site): string {
  return `server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
server.max-keep-alive-requests = 1000000000
`;
}

/** All of them, ktcp first. */
export const CONTENDERS: readonly Contender[] = [
  {
    name: "ktcp",
    version: () => versionOf(Deno.execPath(), "run", "-A", KTCP, "--version"),
    command: ({ root, port }) => [
      ...[Deno.execPath(), "run", "-A", KTCP, "http", "--workers", "1"],
      ...["--port", `${port}`, "--dir", root],
    ],
  },
  nginx("nginx (plain)", ""),
  nginx("nginx (cache)", "open_file_cache max=1000;"),
  {
    name: "lighttpd",
    version: () => versionOf("lighttpd", "-v"),
    command: (site) => {
      const path = configuration(site, "lighttpd.conf", lighttpdConf(site));
      return ["lighttpd", "-D", "-f", path];
    },
  },
  {
    name: "Deno.serve",
    version: () => Deno.version.deno,
    command: ({ root, port }) => [Deno.execPath(), "run", "-A", DENO_SERVE, `${port}`, root],
  },
  {
    name: "sirv",
    version: () => versionOf("sirv", "--version"),
    command: ({ root, port }) => [
      ...["sirv", root, "--host", "127.0.0.1", "--port", `${port}`, "--quiet"],
    ],
  },
  {
    name: "serve",
    version: () => versionOf("serve", "--version"),
    command: ({ root, port }) => [
      ...["serve", "--listen", `tcp://127.0.0.1:${port}`, "--no-request-logging", root],
    ],
  },
];
