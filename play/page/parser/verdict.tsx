/** What the core decides, by which rule, and that it does not depend on the cuts. */
import { t } from "../i18n/mod.ts";
import type { CoreReading, CutProof } from "./core_reader.ts";
import { completeMessages } from "./reading.ts";

/** The URL of a section at the RFC Editor, such as `RFC 9112 section 6.1`. */
function ruleAddress(reference: string): string {
  const [, rfc, section] = /^RFC (\d+) section ([\d.]+)$/.exec(reference)!;
  return `https://www.rfc-editor.org/rfc/rfc${rfc}#section-${section}`;
}

/** The verdict. */
export function Verdict({ reading, proof }: { reading: CoreReading; proof: CutProof }) {
  const { ending, refusal } = reading;
  const requests = completeMessages(reading).length;
  const { ways, differing } = proof;
  return (
    <div class={`bench-verdict is-${ending}`} role="status">
      <h3>
        {refusal === undefined
          ? t(`parser.ending.${ending}`, { requests })
          : t("parser.refused", { status: refusal.status! })}
      </h3>
      {refusal !== undefined && (
        <p>
          <q lang="en">{refusal.reason}</q> {t("parser.at", { at: refusal.at })}{" "}
          <a href={ruleAddress(refusal.reference!)} target="_blank" rel="noreferrer">
            {refusal.reference}
          </a>
        </p>
      )}
      {refusal !== undefined && requests > 0 && <p>{t("parser.before", { requests })}</p>}
      <p class="proof">
        {differing === undefined
          ? t("parser.proof", { ways })
          : t("parser.noProof", { cuts: differing.slice(0, 10).join(", ") })}
      </p>
    </div>
  );
}
