/** How each parser reads the bytes, and where they disagree. */
import { t } from "../i18n/mod.ts";
import { type Difference, differenceOf, isDangerous } from "./differences.ts";
import { completeMessages, type Reading } from "./reading.ts";
import { type Segment, stripOf } from "./strip.ts";

/** A parser's reading. */
export interface Compared {
  name: "core" | "strict" | "lenient";
  reading: Reading;
}

interface ParserCardsProps {
  compared: readonly Compared[];
  length: number;
}

/** A card for each parser, and a line for each pair of them. */
export function ParserCards({ compared, length }: ParserCardsProps) {
  const pairs = compared.flatMap((one, i) => compared.slice(i + 1).map((other) => [one, other]));
  return (
    <div class="compared">
      <h3>{t("parser.compared")}</h3>
      <div class="parser-cards">
        {compared.map((one) => <Card key={one.name} {...one} length={length} />)}
      </div>
      <ul class="differences">
        {pairs.map(([one, other]) => {
          const difference = differenceOf(one.reading, other.reading);
          const mood = isDangerous(difference)
            ? "is-dangerous"
            : difference.kind === "same"
            ? "is-same"
            : "is-different";
          return (
            <li key={one.name + other.name} class={mood}>
              <strong>{t(`parser.name.${one.name}`)} · {t(`parser.name.${other.name}`)}</strong>
              {" "}
              {differenceText(difference, [one, other])}
            </li>
          );
        })}
      </ul>
      <p class="hint">{t("parser.smuggling")}</p>
    </div>
  );
}

function Card({ name, reading, length }: Compared & { length: number }) {
  const { ending, refusal } = reading;
  const complete = completeMessages(reading);
  const segments = stripOf(reading, length);
  return (
    <article class={`parser-card is-${ending}`}>
      <h4>{t(`parser.name.${name}`)}</h4>
      <p class="who">{t(`parser.who.${name}`)}</p>
      <p class="parser-outcome">{t(`parser.ending.${ending}`, { requests: complete.length })}</p>
      <div class="strip" aria-hidden="true">
        {segments.map((segment) => (
          <span
            key={segment.from}
            class={`segment is-${segment.kind} shade-${segment.index % 2}`}
            style={{ flexGrow: segment.to - segment.from }}
          />
        ))}
      </div>
      <ol class="segments">
        {segments.map((segment) => <li key={segment.from}>{segmentText(segment, reading)}</li>)}
      </ol>
      {refusal !== undefined && (
        <p class="reason">
          {refusal.code !== undefined && <code>{refusal.code}</code>}{" "}
          <q lang="en">{refusal.reason}</q>
        </p>
      )}
    </article>
  );
}

function segmentText({ kind, from, to, index }: Segment, { messages }: Reading): string {
  const place = t("parser.range", { from, to });
  if (kind !== "message") return `${place} ${t(`parser.segment.${kind}`)}`;
  const { method, target } = messages[index];
  const shown = target.length > 24 ? `${target.slice(0, 24)}…` : target;
  return `${place} ${method} ${shown}`;
}

function differenceText(difference: Difference, compared: readonly Compared[]): string {
  const name = (who: 0 | 1) => t(`parser.name.${compared[who].name}`);
  switch (difference.kind) {
    case "same":
      return t("parser.difference.same");
    case "boundary":
      return t("parser.difference.boundary", {
        request: difference.index + 1,
        one: difference.ends[0],
        other: difference.ends[1],
      });
    case "meaning":
      return t("parser.difference.meaning", {
        request: difference.index + 1,
        what: t(`parser.what.${difference.what}`),
      });
    default: {
      const { kind, who, index, others } = difference;
      const values = {
        who: name(who),
        other: name(who === 0 ? 1 : 0),
        before: index,
        next: index + 1,
        requests: others,
      };
      return t(`parser.difference.${kind}`, values);
    }
  }
}
