import type { views as english } from "../en/views.ts";

/** Texts of the live views. */
export const views: Record<keyof typeof english, string> = { "views.title": "即時" };
