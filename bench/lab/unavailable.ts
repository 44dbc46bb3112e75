/** The findings of an experiment that the system does not allow. */
import type { LabFindings } from "./lab.ts";

/** No figures, and one sentence: `reason` is a part of it, without a period. */
export function unavailable(reason: string): LabFindings {
  return {
    setup: [],
    variants: [],
    drawings: [],
    findings: [{ text: `Nothing was measured: ${reason}.` }],
  };
}
