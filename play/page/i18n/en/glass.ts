/** Texts of slow motion; keys begin with `glass.`. */
export const glass = { "glass.title": "Slow motion" };
