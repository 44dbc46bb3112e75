import config from "../deno.json" with { type: "json" };

/** The version of ktcp, as `--version` and every JSON document state it. */
export const VERSION: string = config.version;
