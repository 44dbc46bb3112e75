/**
 * Servers of files side by side: the same requests about the same directory, and their answers in the
 * short form of the table in `docs/http.md`.
 */
import { nginxConfig } from "../../bench/processes/nginx_config.ts";
import { DEFAULT_LIMITS } from "../../core/mod.ts";
import { serve } from "../../servers/mod.ts";
import { Process } from "../../system/process.ts";
import { withTree } from "../servers/files/tree.ts";
import { FileClient } from "./file_server.ts";
import { until } from "./until.ts";

/** The files, all last modified at the same time, long ago. */
const TREE = {
  "a.txt": "0123456789",
  "empty.txt": "",
  "sub/b.txt": "b",
  ".hidden": "hidden",
  ".well-known/x": "known",
};
const MODIFIED = new Date("2024-05-06T07:08:09Z");

/** The columns of the table that are measured. */
export const COMPARED = ["nginx", "lighttpd", "ktcp"] as const;
export type Compared = typeof COMPARED[number];

/**
 * A request as the table writes it: `GET /a.txt`, then fields. `TAG` and `DATE` stand for the validators of
 * `/a.txt`.
 */
export type ComparedRequest = readonly string[];

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function configFor(name: "nginx" | "lighttpd", root: string, folder: string, port: number): string {
  if (name === "nginx") {
    return nginxConfig({ folder, port, server: `root ${root}; autoindex on;` });
  }
  return `server.document-root = "${root}"
server.bind = "127.0.0.1"
server.port = ${port}
server.modules = ("mod_dirlisting")
dir-listing.activate = "enable"
mimetype.assign = (".txt" => "text/plain")
`;
}

async function withServer(
  name: Compared,
  root: string,
  use: (port: number) => Promise<void>,
): Promise<void> {
  if (name === "ktcp") {
    const server = await serve({
      service: { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS },
    });
    try {
      await use(server.port);
    } finally {
      await server.stop(1000);
    }
    return;
  }
  await withTree({}, async (folder) => {
    const port = freePort();
    const config = `${folder}/server.conf`;
    Deno.writeTextFileSync(config, configFor(name, root, folder, port));
    const argv = name === "nginx"
      ? ["nginx", "-p", folder, "-c", config]
      : ["lighttpd", "-D", "-f", config];
    await using _server = new Process(argv);
    await until(async () => {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return true;
      } catch {
        return false;
      }
    }, `${name} listens`);
    await use(port);
  });
}

/** Whether `name` is installed. */
export function isThere(name: Compared): boolean {
  if (name === "ktcp") return true;
  return new Deno.Command("sh", { args: ["-c", `command -v ${name}`], stdout: "null" })
    .outputSync().success;
}

/** The answers of `name` to `requests`, in their order. */
export async function answersOf(
  name: Compared,
  requests: readonly ComparedRequest[],
): Promise<string[]> {
  const answers: string[] = [];
  await withTree(TREE, async (root) => {
    for (const path of [...Object.keys(TREE), "sub", ".well-known"]) {
      Deno.utimeSync(`${root}/${path}`, MODIFIED, MODIFIED);
    }
    // A server that runs as root gives up its rights.
    Deno.chmodSync(root, 0o755);
    await withServer(name, root, async (port) => {
      const ask = async (target: string, method: string, fields: Record<string, string>) => {
        // Each on its own: some close the connection after an error.
        await using client = await FileClient.connect({ hostname: "127.0.0.1", port });
        return await client.ask(target, { method, fields });
      };
      const { etag = "", "last-modified": date = "" } = (await ask("/a.txt", "GET", {})).fields;
      for (const [line, ...lines] of requests) {
        const [method, target] = line.split(" ");
        const fields = Object.fromEntries(lines.map((field) => {
          const [name, value] = field.split(": ");
          return [name, value.replace("TAG", etag).replace("DATE", date)];
        }));
        answers.push(shortForm(await ask(target, method, fields)));
      }
    });
  });
  return answers;
}

function shortForm({ status, fields }: { status: number; fields: Record<string, string> }): string {
  const { location, "content-range": range, "content-type": type = "" } = fields;
  if (location !== undefined) {
    return `${status} \`${location.replace(/^http:\/\/[^/]+/, "http://HOST")}\``;
  }
  if (type.startsWith("multipart/")) return `${status} in parts`;
  return range === undefined ? `${status}` : `${status} \`${range.replace("bytes ", "")}\``;
}
