/** `--tls-self-signed`: a certificate for this machine's own names, made anew at each start. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Certificate } from "../../servers/mod.ts";
import { type InterfaceAddress, isAnyAddress } from "./first_lines.ts";

/** How long it is valid, in days; browsers reject certificates that are valid for years. */
const VALID_DAYS = 90;

/** How far the clocks of clients may be slow, in milliseconds. */
const SKEW_MS = 3_600_000;

const DAY_MS = 86_400_000;

/** A certificate, and what a person checks it by. */
export interface SelfSigned extends Certificate {
  /** DNS names and IP addresses that it is for. */
  names: string[];
  /** SHA-256 of its DER encoding, as browsers show it. */
  fingerprint: string;
}

/**
 * The names by which clients reach a server that listens on `host`: loopback, and the host; for 0.0.0.0
 * and :: each address of this machine.
 */
export function ownNames(host: string, addresses: readonly InterfaceAddress[]): string[] {
  const others = isAnyAddress(host) ? addresses.map(({ address }) => address) : [host];
  return [...new Set(["localhost", "127.0.0.1", "::1", ...others])];
}

/** Makes a certificate and its key (P-256). */
export async function selfSigned(names: string[]): Promise<SelfSigned> {
  // Loaded only where it is asked for: it takes a tenth of a second.
  // A module of CommonJS, whose exports a bundle has as `default` alone.
  const { default: { generate } } = await import("selfsigned");
  const nowMs = Date.now();
  const { cert, private: key } = await generate([{ name: "commonName", value: names[0] }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(nowMs - SKEW_MS),
    notAfterDate: new Date(nowMs + VALID_DAYS * DAY_MS),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) =>
          isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name }
        ),
      },
    ],
  });
  return { cert, key, names, fingerprint: new X509Certificate(cert).fingerprint256 };
}

/** The note about it at the start. */
export function selfSignedLine({ names, fingerprint }: SelfSigned): string {
  return `self-signed certificate for ${names.join(", ")}; SHA-256 ${fingerprint}`;
}
