/** The parser of the core, and others, over the same bytes. */
import { computed, type Signal, signal } from "@preact/signals";
import { useId } from "preact/hooks";
import { Cutter } from "../bytes/cutter.tsx";
import { type Cuts, cutsWithin } from "../bytes/cuts.ts";
import { formatNotation } from "../bytes/notation.ts";
import { NotationField, readText } from "../bytes/notation_field.tsx";
import { type MessageKey, t } from "../i18n/mod.ts";
import { CoreReader, type CoreReading } from "./core_reader.ts";
import { exampleBytes, type ExampleName, EXAMPLES } from "./examples.ts";
import { Messages } from "./messages.tsx";
import { PartsTable } from "./parts_table.tsx";
import { type Compared, ParserCards } from "./parser_cards.tsx";
import { readWithLlhttp } from "./llhttp_reader.ts";
import { Verdict } from "./verdict.tsx";

/** Bytes that can be read at once. */
const MOST_BYTES = 16_384;

const FIRST: ExampleName = "cl-te";

const example: Signal<ExampleName | ""> = signal(FIRST);
const text = signal(formatNotation(exampleBytes(FIRST)));
const cuts: Signal<Cuts> = signal([17, 60]);

const NOTHING = new Uint8Array();

/** The bytes of the text; while it cannot be read, those before the last change. */
let lastBytes: Uint8Array<ArrayBuffer> = NOTHING;
const bytes = computed(() => {
  const read = readText(text.value, MOST_BYTES);
  if ("bytes" in read) lastBytes = read.bytes;
  return lastBytes;
});

let core: CoreReader | undefined;
const reader = () => core ??= new CoreReader();

const reading = computed<CoreReading>(() => reader().read(bytes.value, cuts.value));
const proof = computed(() => reader().prove(bytes.value));
const compared = computed<Compared[]>(() => [
  { name: "core", reading: reading.value },
  { name: "strict", reading: readWithLlhttp(bytes.value, "strict", cuts.value) },
  { name: "lenient", reading: readWithLlhttp(bytes.value, "lenient", cuts.value) },
]);

function choose(name: ExampleName | ""): void {
  example.value = name;
  if (name === "") return;
  const chosen = exampleBytes(name);
  text.value = formatNotation(chosen);
  // Two cuts to begin with, so that there are several parts to see.
  cuts.value = cutsWithin(
    [Math.floor(chosen.length / 3), Math.floor(2 * chosen.length / 3)],
    chosen.length,
  );
}

/** The parser bench. */
export function ParserBench() {
  const id = useId();
  const { refusal } = reading.value;
  return (
    <div class="parser-bench">
      <h2>{t("parser.title")}</h2>
      <p class="lead">{t("parser.lead")}</p>
      <div class="bench-columns">
        <section aria-label={t("parser.request")}>
          <div class="example">
            <label for={id}>{t("parser.example")}</label>
            <select
              id={id}
              value={example.value}
              onChange={({ currentTarget }) => choose(currentTarget.value as ExampleName | "")}
            >
              <option value="">{t("parser.example.own")}</option>
              {EXAMPLES.map((name) => (
                <option key={name} value={name}>{t(`parser.example.${name}` as MessageKey)}</option>
              ))}
            </select>
          </div>
          <NotationField
            label={t("parser.request")}
            text={text.value}
            most={MOST_BYTES}
            onChange={(changed) => {
              text.value = changed;
              example.value = "";
            }}
          />
          <h3>{t("parser.arrival")}</h3>
          <Cutter
            bytes={bytes.value}
            cuts={cuts.value}
            marks={refusal === undefined ? [] : [{ at: refusal.at, name: "is-refusal" }]}
            onChange={(changed) => cuts.value = changed}
          />
          <PartsTable parts={reading.value.parts} length={bytes.value.length} />
        </section>
        <section aria-label={t("parser.verdict")}>
          <Verdict reading={reading.value} proof={proof.value} />
          <ParserCards compared={compared.value} length={bytes.value.length} />
          <Messages messages={reading.value.messages} />
        </section>
      </div>
    </div>
  );
}
