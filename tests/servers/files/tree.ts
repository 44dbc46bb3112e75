/** A directory on disk for one test, removed at its end. */
import fs from "node:fs";

/** Paths below the root to contents, `null` for a directory; gives the real path of the root. */
export async function withTree(
  tree: Record<string, string | Uint8Array | null>,
  use: (root: string) => unknown,
): Promise<void> {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "ktcp-static-" }));
  try {
    for (const [path, content] of Object.entries(tree)) {
      const full = `${root}/${path}`;
      fs.mkdirSync(content === null ? full : full.slice(0, full.lastIndexOf("/")), {
        recursive: true,
      });
      if (content !== null) fs.writeFileSync(full, content);
    }
    await use(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

/** Runs a command of the system that has no call in Deno (mkfifo, mknod). */
export function run(command: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(command, { args }).outputSync();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}
