/** The concurrency models. */

/** All models, the default first. */
export const MODELS = ["per-core", "single", "shared-pool", "per-connection"] as const;

/** Which thread runs which work. */
export type Model = (typeof MODELS)[number];

/** Whether the model's threads share one core memory. */
export function sharesMemory(model: Model): boolean {
  return model === "shared-pool" || model === "per-connection";
}
