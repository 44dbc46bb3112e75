/** Texts of the live views; keys begin with `views.`. */
export const views = { "views.title": "Live" };
