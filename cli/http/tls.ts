/**
 * `--tls-cert` and `--tls-key`: reads both files, and says what is wrong with them before anything
 * listens.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { UsageError } from "../shared/failure.ts";
import { pemBlocks } from "./pem.ts";

/** Values of the options: file names. */
export interface TlsFlags {
  tlsCert?: string;
  tlsKey?: string;
}

function readPem(option: string, path: string): string {
  const attempt = `option '${option}': cannot read '${path}'`;
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`${attempt}: no such file`);
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new UsageError(`${attempt}: permission denied`);
    }
    throw new UsageError(`${attempt}: ${(error as Error).message}; name a PEM file`);
  }
}

/** Labels of certificates and keys; others (parameters, requests) are skipped. */
const CERTIFICATE = /^(?:X509 |TRUSTED )?CERTIFICATE$/;
const KEY = /PRIVATE KEY$/;

function parseCertificates(path: string, pem: string): X509Certificate[] {
  const blocks = pemBlocks(pem).filter(({ label }) => CERTIFICATE.test(label));
  try {
    if (blocks.length > 0) return blocks.map(({ text }) => new X509Certificate(text));
  } catch {
    // Reported below: the parser's own message only names positions in its grammar.
  }
  throw new UsageError(
    `option '--tls-cert': '${path}' holds no PEM certificate; ` +
      "one begins with -----BEGIN CERTIFICATE-----",
  );
}

function parseKeys(path: string, pem: string): KeyObject[] {
  const blocks = pemBlocks(pem).filter(({ label }) => KEY.test(label));
  const plain = blocks.filter(({ label, text }) =>
    label !== "ENCRYPTED PRIVATE KEY" && !/^Proc-Type:.*ENCRYPTED/m.test(text)
  );
  if (plain.length === 0 && blocks.length > 0) {
    throw new UsageError(
      `option '--tls-key': '${path}' is encrypted; ` +
        "write a plain one with 'openssl pkey -in FILE -out PLAIN'",
    );
  }
  try {
    if (plain.length > 0) return plain.map(({ text }) => createPrivateKey(text));
  } catch {
    // Reported below.
  }
  throw new UsageError(
    `option '--tls-key': '${path}' holds no PEM private key; ` +
      "one begins with -----BEGIN PRIVATE KEY-----",
  );
}

/** Bits of RSA keys: clients refuse shorter ones, and the TLS library longer ones. */
const RSA_BITS = { least: 2048, most: 8192 };
const CURVES: Record<string, string> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};
const REPLACEMENT =
  "make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256'";

/** Why the server cannot use `key`, as the end of a sentence; undefined when it can. */
function unfitness({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  switch (type) {
    case "rsa": {
      const bits = details?.modulusLength ?? 0;
      if (bits < RSA_BITS.least) {
        return `has ${bits} bits, and clients trust only RSA keys of ${RSA_BITS.least} or more`;
      }
      if (bits > RSA_BITS.most) return `has ${bits} bits, more than TLS takes (${RSA_BITS.most})`;
      return undefined;
    }
    case "ec": {
      const curve = details?.namedCurve ?? "unknown";
      if (curve in CURVES) return undefined;
      return `is on the curve ${curve}, and TLS has ${Object.values(CURVES).join(", ")}`;
    }
    case "ed25519":
      return undefined;
    default:
      return `is of the kind ${type}, which TLS cannot sign with`;
  }
}

/**
 * The certificate and its key, `undefined` when neither option is given. Both may stand in one file,
 * in any order; the certificates that lead to the server's own follow it.
 *
 * @throws {UsageError} for one without the other, files that cannot be read, are not what they
 *   should be, or do not belong together, and for keys that are of no use
 */
export function tlsOptions({ tlsCert, tlsKey }: TlsFlags):
  | { cert: string; key: string }
  | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsKey === undefined) {
    throw new UsageError("option '--tls-cert' needs '--tls-key <file>', its private key");
  }
  if (tlsCert === undefined) {
    throw new UsageError("option '--tls-key' needs '--tls-cert <file>', its certificate");
  }
  const chain = parseCertificates(tlsCert, readPem("--tls-cert", tlsCert));
  const keys = parseKeys(tlsKey, readPem("--tls-key", tlsKey));
  for (const key of keys) {
    const own = chain.find((certificate) => certificate.checkPrivateKey(key));
    if (own === undefined) continue;
    const reason = unfitness(key);
    if (reason !== undefined) {
      throw new UsageError(`option '--tls-key': the key in '${tlsKey}' ${reason}; ${REPLACEMENT}`);
    }
    const others = chain.filter((certificate) => certificate !== own);
    const cert = [own, ...others].map((certificate) => certificate.toString()).join("");
    return { cert, key: key.export({ type: "pkcs8", format: "pem" }) as string };
  }
  throw new UsageError(
    `option '--tls-key': '${tlsKey}' is not the key of a certificate in '${tlsCert}'`,
  );
}
