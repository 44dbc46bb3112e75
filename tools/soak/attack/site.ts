/**
 * What the servers under attack serve: a directory, what lies outside of it, and a certificate.
 * The contents are computed, so that every client knows what is correct.
 */

/** A text in every file outside of the directory, and nowhere else. */
export const FOREIGN = "FOREIGN-CONTENT";

/**
 * The file that pipelining clients ask for: several answers exceed the kernel's buffers.
 */
export const PAGE: Uint8Array<ArrayBuffer> = pattern(16_384, 3);

/** A small file. */
export const SMALL: Uint8Array<ArrayBuffer> = new TextEncoder().encode("small and well known\n");

/** More than the kernel's buffers take at once. */
export const LARGE: Uint8Array<ArrayBuffer> = pattern(3_000_000, 7);

/** The content of the files whose names are swapped. */
export const INSIDE: Uint8Array<ArrayBuffer> = new TextEncoder().encode("inside\n");

/** The names in the small directory, in the order of its listing. */
export const LISTED: readonly string[] = Array.from({ length: 40 }, (_, i) => `entry-${100 + i}`);

/** `length` printable bytes that `seed` determines. */
export function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => 97 + (i * seed + (i >> 8)) % 26);
}

/** The files of an attack, removed at the end. */
export class Site implements Disposable {
  readonly #top = Deno.makeTempDirSync({ prefix: "ktcp-attack-" });
  /** The directory that is served. */
  readonly root: string = `${this.#top}/site`;
  /** What must never be served. */
  readonly outside: string = `${this.#top}/outside`;
  readonly cert: string = `${this.#top}/cert.pem`;
  readonly key: string = `${this.#top}/key.pem`;

  /** @param entries of the large directory */
  constructor(entries: number) {
    const { root, outside } = this;
    for (const dir of [root, outside, `${root}/many`, `${root}/few`, `${root}/door`]) {
      Deno.mkdirSync(dir);
    }
    Deno.writeFileSync(`${root}/page.txt`, PAGE);
    Deno.writeFileSync(`${root}/small.txt`, SMALL);
    Deno.writeFileSync(`${root}/large.bin`, LARGE);
    Deno.writeFileSync(`${root}/door/secret.txt`, INSIDE);
    Deno.writeFileSync(`${root}/window.txt`, INSIDE);
    Deno.writeTextFileSync(`${outside}/secret.txt`, `${FOREIGN}\n`);
    Deno.writeTextFileSync(`${outside}/${FOREIGN}.txt`, `${FOREIGN}\n`);
    for (const name of LISTED) Deno.writeTextFileSync(`${root}/few/${name}`, name);
    for (let i = 0; i < entries; i++) Deno.writeFileSync(`${root}/many/${i}.txt`, new Uint8Array());
  }

  /** Makes a certificate for the loopback address. @throws without openssl */
  makeCertificate(): void {
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    const { success, stderr } = new Deno.Command("timeout", {
      args: ["20", "openssl", ...args, "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        .concat("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        .concat("-addext", "basicConstraints=critical,CA:FALSE")
        .concat("-keyout", this.key, "-out", this.cert),
    }).outputSync();
    if (!success) throw new Error(`openssl req fails: ${new TextDecoder().decode(stderr)}`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#top, { recursive: true });
  }
}
