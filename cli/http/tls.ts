/**
 * `--tls-cert` and `--tls-key`: reads both files, and says what is wrong with them before anything
 * listens.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { UsageError } from "../shared/failure.ts";

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

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return new X509Certificate(pem);
  } catch {
    // Said below: the parser's own words name positions in its grammar.
  }
  throw new UsageError(
    `option '--tls-cert': '${path}' holds no PEM certificate; ` +
      "it begins with -----BEGIN CERTIFICATE-----",
  );
}

function parseKey(path: string, pem: string): KeyObject {
  if (/-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(pem)) {
    throw new UsageError(
      `option '--tls-key': '${path}' is encrypted; ` +
        "write a plain one with 'openssl pkey -in FILE -out PLAIN'",
    );
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new UsageError(
      `option '--tls-key': '${path}' holds no PEM private key; ` +
        "it begins with -----BEGIN PRIVATE KEY-----",
    );
  }
}

/**
 * The certificate and its key, `undefined` when neither option is given.
 *
 * @throws {UsageError} for one without the other, files that cannot be read, are not what they
 *   should be, or do not belong together
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
  const cert = readPem("--tls-cert", tlsCert);
  const key = readPem("--tls-key", tlsKey);
  const leaf = parseCertificate(tlsCert, cert);
  if (!leaf.checkPrivateKey(parseKey(tlsKey, key))) {
    throw new UsageError(
      `option '--tls-key': '${tlsKey}' is not the key of the certificate in '${tlsCert}'; ` +
        "the server's own certificate comes first in its file",
    );
  }
  return { cert, key };
}
