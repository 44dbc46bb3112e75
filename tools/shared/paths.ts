/** Where the repository is, and where what is built from it goes. */
import { fileURLToPath } from "node:url";

/** The repository's root, without a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Everything built goes below this folder, apart from `./ktcp` itself. */
export const DIST = `${ROOT}/dist`;
