/** Content negotiation, RFC 9110 §12.5, over `negotiator`. Pure. */
import Negotiator from "negotiator";

/** A content coding that a file can be sent in. */
export type Coding = "br" | "zstd" | "gzip";

/** The codings, best compression first, with the suffix of a precompressed sibling. */
export const CODINGS: readonly { coding: Coding; suffix: string }[] = [
  { coding: "br", suffix: ".br" },
  { coding: "zstd", suffix: ".zst" },
  { coding: "gzip", suffix: ".gz" },
];

const PREFERRED: readonly (Coding | "identity")[] = [
  ...CODINGS.map(({ coding }) => coding),
  "identity",
];

/** The `preferred` option is newer than the type definitions. */
type WithPreference = {
  encodings<Name extends string>(
    available: readonly Name[],
    options: { preferred: readonly string[] },
  ): Name[];
};

const ORDERS_KEPT = 64;
const orders = new Map<string, readonly (Coding | "identity")[]>();

/**
 * The codings that the client accepts, best first, `identity` among them unless it is refused
 * (`identity;q=0`, `*;q=0`). Equal q-values go by {@linkcode CODINGS}.
 *
 * @param field Accept-Encoding; absent means that only `identity` is safe to send
 */
export function acceptedCodings(field: string | undefined): readonly (Coding | "identity")[] {
  if (field === undefined || field === "") return ["identity"];
  const kept = orders.get(field);
  if (kept) return kept;
  // x-gzip is another name of gzip (RFC 9110 §8.4.1.3).
  const accept = field.toLowerCase().replace(/\bx-gzip\b/g, "gzip");
  const negotiator = new Negotiator({ headers: { "accept-encoding": accept } }) as WithPreference;
  const order = negotiator.encodings(PREFERRED, { preferred: PREFERRED });
  // Browsers send few different values; only hostile clients fill the table.
  if (orders.size >= ORDERS_KEPT) orders.clear();
  orders.set(field, order);
  return order;
}

/** Whether a listing is to be JSON: `?format=json`, or Accept prefers it over HTML. */
export function wantsJson(accept: string | undefined, format: string | null): boolean {
  if (format !== null) return format === "json";
  if (accept === undefined) return false;
  const types = new Negotiator({ headers: { accept } })
    .mediaTypes(["text/html", "application/json"]);
  return types[0] === "application/json";
}

/**
 * How a client wants an HTML page: before anything else, as well as anything else, or not at all.
 */
export type PageWish = "prefers" | "takes" | "refuses";

/**
 * What Accept says about pages. Browsers put `text/html` first when a person goes to an address,
 * and other types, or `*`, when a page loads its parts.
 */
export function wishForPage(accept: string | undefined): PageWish {
  if (accept === undefined || accept.trim() === "") return "takes";
  const [first] = new Negotiator({ headers: { accept } }).mediaTypes();
  if (first === "text/html" || first === "application/xhtml+xml") return "prefers";
  return first === "*/*" || first === "text/*" ? "takes" : "refuses";
}
