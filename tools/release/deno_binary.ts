/** Gets the `deno` of a target from npm, and checks it against the integrity in this repository. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { unpackTar } from "modern-tar";
import { DIST } from "../shared/repository.ts";
import { npm } from "./npm.ts";
import { DENO_VERSION, type Target } from "./targets.ts";

/** Packages that were fetched before. They are checked whenever they are used. */
const CACHE = `${DIST}/deno`;

/**
 * Returns the bytes of `deno` for `target`, fetching the package unless it is there.
 *
 * @throws if it cannot be fetched, or is not the one that was pinned
 */
export async function denoBinary({ npm: pinned }: Target): Promise<Uint8Array<ArrayBuffer>> {
  const id = `${pinned.name}@${DENO_VERSION}`;
  const path = `${CACHE}/${pinned.name.slice(1).replace("/", "-")}-${DENO_VERSION}.tgz`;
  if (await integrityOf(path) !== pinned.integrity) {
    Deno.mkdirSync(CACHE, { recursive: true });
    await npm(["pack", "--silent", "--pack-destination", CACHE, id], CACHE);
    const fetched = await integrityOf(path);
    if (fetched !== pinned.integrity) {
      throw new Error(
        `${id} has changed: its integrity is ${fetched}, not ${pinned.integrity}`,
      );
    }
  }
  const tar = Readable.toWeb(createReadStream(path).pipe(createGunzip()));
  const [entry] = await unpackTar(tar as ReadableStream<Uint8Array>, {
    filter: ({ name }) => name === "package/deno",
  });
  if (!entry?.data) throw new Error(`${id} holds no file 'deno'`);
  return entry.data as Uint8Array<ArrayBuffer>;
}

/** The integrity of the file `path` in npm's format; undefined if there is no file. */
async function integrityOf(path: string): Promise<string | undefined> {
  const hash = createHash("sha512");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
  return `sha512-${hash.digest("base64")}`;
}
