/**
 * The user of basic authentication (RFC 7617), for the log. Apart from `auth.ts` because that needs
 * cryptography, which takes 20 ms to load. Pure.
 */

/** The user that an Authorization field names; undefined when it is not Basic. */
export function userOf(field: string | undefined): string | undefined {
  const match = /^basic +([a-z0-9+/]+={0,2})$/i.exec(field ?? "");
  if (match === null) return undefined;
  try {
    const bytes = Uint8Array.from(atob(match[1]), (char) => char.charCodeAt(0));
    return new TextDecoder().decode(bytes).split(":")[0];
  } catch {
    // Not a whole number of bytes: it names nobody.
    return undefined;
  }
}
