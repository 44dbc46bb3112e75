import type { glass as english } from "../en/glass.ts";

/** Texts of slow motion. */
export const glass: Record<keyof typeof english, string> = { "glass.title": "慢動作" };
