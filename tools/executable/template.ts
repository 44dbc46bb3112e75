/** Replaces each `@NAME@` of `template` that `values` knows. */
export function fill(template: string, values: Record<string, string>): string {
  return template.replaceAll(/@([A-Z_0-9]+)@/g, (whole, name) => values[name] ?? whole);
}
