/** Finds out whether `deno compile` can get `denort`, the runtime stub that it builds upon. */
import { denoFolders } from "../shared/repository.ts";

/** Whether the stub can be had, and how it was found or what is missing. */
export interface Stub {
  found: boolean;
  reason: string;
}

/** Where Deno's releases are; `deno compile` downloads the stub from there. */
const RELEASES = "https://dl.deno.land";

/** After this time the network counts as unreachable. */
const ANSWER_TIMEOUT_MS = 3000;

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Looks at `given`, then into Deno's cache, then asks the server, without loading the stub.
 *
 * @param given the path of a stub; default: `DENORT_BIN`
 */
export async function findStub(given = Deno.env.get("DENORT_BIN")): Promise<Stub> {
  if (given) {
    return exists(given)
      ? { found: true, reason: `DENORT_BIN is ${given}` }
      : { found: false, reason: `DENORT_BIN names ${given}, which does not exist` };
  }
  const path = `release/v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
  if (exists(`${(await denoFolders()).denoDir}/dl/${path}`)) {
    return { found: true, reason: "the stub is in Deno's cache" };
  }
  try {
    const { ok, status } = await fetch(`${RELEASES}/${path}`, {
      method: "HEAD",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return ok
      ? { found: true, reason: `${RELEASES} has the stub` }
      : { found: false, reason: `deno compile needs a stub, and ${RELEASES} answers ${status}` };
  } catch {
    return { found: false, reason: `deno compile needs a stub, and ${RELEASES} is out of reach` };
  }
}
