/** The options with which Deno runs ktcp, in whatever form it was installed. */
import config from "../../deno.json" with { type: "json" };

/** For `deno run` on the source as well as on a bundle. ktcp gives up permissions itself. */
export const RUN_FLAGS: readonly string[] = [
  "--allow-all",
  "--no-prompt",
  ...config.unstable.map((name) => `--unstable-${name}`),
];

/** For a bundle beside its own Deno: it reads nothing else, because its folder holds everything. */
export const SEALED_FLAGS: readonly string[] = [
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
];
