/** Texts of the parser bench; keys begin with `parser.`. */
export const parser = { "parser.title": "Parser bench" };
