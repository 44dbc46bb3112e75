/** The file servers that `bench:files` compares. */
import {
  configuration,
  type Contender,
  denoServe,
  ktcp,
  nginx,
  type Place,
  versionOf,
} from "../servers/contender.ts";

function lighttpdConf(root: string, { port }: Place): string {
  return `server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
server.max-keep-alive-requests = 1000000000
`;
}

/** All of them for the directory `root`, ktcp with each of `engines` first. */
export function contenders(root: string, engines: readonly string[]): Contender[] {
  const server = `root ${root};`;
  return [
    ...engines.map((engine) => ktcp(engine, "--dir", root)),
    nginx("nginx (plain)", { server }),
    nginx("nginx (cache)", { http: "open_file_cache max=1000;", server }),
    {
      name: "lighttpd",
      version: () => versionOf("lighttpd", "-v"),
      command: (place) => {
        const path = configuration(place, "lighttpd.conf", lighttpdConf(root, place));
        return ["lighttpd", "-D", "-f", path];
      },
    },
    denoServe(new URL("./deno_serve.ts", import.meta.url), root),
    {
      name: "sirv",
      version: () => versionOf("sirv", "--version"),
      command: ({ port }) => [
        ...["sirv", root, "--host", "127.0.0.1", "--port", `${port}`, "--quiet"],
      ],
    },
    {
      name: "serve",
      version: () => versionOf("serve", "--version"),
      command: ({ port }) => [
        ...["serve", "--listen", `tcp://127.0.0.1:${port}`, "--no-request-logging", root],
      ],
    },
  ];
}
