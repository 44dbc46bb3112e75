/** A control of the set-up with its bounds, its help, and why it is disabled. */
import { signal } from "@preact/signals";
import { useId, useState } from "preact/hooks";
import { type MessageKey, t } from "../i18n/mod.ts";
import { type ChoiceField, type Field, type NumberField, readNumber } from "./fields.ts";
import type { Surroundings } from "./fields.ts";

interface FieldProps<T> {
  field: Field<T>;
  values: T;
  surroundings: Surroundings;
  onChange: (changed: T) => void;
}

/** Keys of the fields whose help is open, on all servers. */
const openHelps = signal<ReadonlySet<string>>(new Set());

function toggleHelp(key: string): void {
  const next = new Set(openHelps.value);
  if (!next.delete(key)) next.add(key);
  openHelps.value = next;
}

/** The texts of a field. */
const label = (key: string) => t(`field.${key}` as MessageKey);
const help = (key: string) => t(`help.${key}` as MessageKey);

/** A control with its label. */
export function FieldRow<T extends object>(
  { field, values, surroundings, onChange }: FieldProps<T>,
) {
  const id = useId();
  const reason = field.disabled?.(values, surroundings) ?? null;
  const isOpen = openHelps.value.has(field.key);
  const name = label(field.key);
  const describedBy = `${id}-help ${id}-note`;
  const common = { id, describedBy, isDisabled: reason !== null, values, surroundings, onChange };
  return (
    <div class={`field${reason === null ? "" : " is-off"}`}>
      <div class="field-name">
        <label for={id}>{name}</label>
        <p class="note" id={`${id}-note`}>
          {reason !== null
            ? t(reason)
            : field.kind === "number"
            ? <BoundsText field={field} surroundings={surroundings} />
            : field.kind === "choice"
            ? refusedText(field, values, surroundings)
            : ""}
        </p>
      </div>
      <button
        type="button"
        class="help-button"
        aria-expanded={isOpen}
        aria-controls={`${id}-help`}
        aria-label={t("help.about", { name })}
        onClick={() => toggleHelp(field.key)}
      >
        ?
      </button>
      {field.kind === "number" && <NumberInput field={field} {...common} />}
      {field.kind === "choice" && <ChoiceInput field={field} {...common} />}
      {field.kind === "flag" && (
        <input
          id={id}
          type="checkbox"
          checked={Boolean(values[field.key])}
          disabled={common.isDisabled}
          aria-describedby={describedBy}
          onChange={({ currentTarget }) =>
            onChange({ ...values, [field.key]: currentTarget.checked })}
        />
      )}
      <p class="help" id={`${id}-help`} hidden={!isOpen}>{help(field.key)}</p>
    </div>
  );
}

function inUnits<T>(value: number, { scale = 1 }: NumberField<T>): string {
  return String(value / scale);
}

/** A bound for reading: with separators, which the control does not accept. */
function grouped<T>(value: number, { scale = 1 }: NumberField<T>): string {
  return (value / scale).toLocaleString("en", { maximumFractionDigits: 3 });
}

function BoundsText<T>({ field, surroundings }: {
  field: NumberField<T>;
  surroundings: Surroundings;
}) {
  const { min, max } = field.bounds(surroundings);
  const unit = field.unit === undefined ? "" : ` ${t(`unit.${field.unit}`)}`;
  return (
    <>
      {t("field.bounds", { min: grouped(min, field), max: grouped(max, field) }) + unit}
      {field.zero && (
        <>
          {" "}
          <span>({t(field.zero)})</span>
        </>
      )}
    </>
  );
}

/** Which choices cannot be taken, and why: `select, poll: …`. */
function refusedText<T>(field: ChoiceField<T>, values: T, surroundings: Surroundings): string {
  const byReason = new Map<MessageKey, string[]>();
  for (const choice of field.choices) {
    const reason = field.refused?.(choice, values, surroundings) ?? null;
    if (reason !== null) byReason.set(reason, [...byReason.get(reason) ?? [], choice]);
  }
  return [...byReason].map(([reason, choices]) => `${choices.join(", ")}: ${t(reason)}`).join(" ");
}

interface InputProps<T> {
  id: string;
  describedBy: string;
  isDisabled: boolean;
  values: T;
  surroundings: Surroundings;
  onChange: (changed: T) => void;
}

function NumberInput<T extends object>(
  { field, id, describedBy, isDisabled, values, surroundings, onChange }: InputProps<T> & {
    field: NumberField<T>;
  },
) {
  const value = (values[field.key] as number | undefined) ?? 1;
  const [draft, setDraft] = useState<string | null>(null);
  const shown = draft ?? inUnits(value, field);
  const bounds = field.bounds(surroundings);
  const isFaulty = readNumber(shown, bounds, field.scale) === null;
  return (
    <input
      id={id}
      type="text"
      inputMode="decimal"
      autocomplete="off"
      value={shown}
      disabled={isDisabled}
      aria-describedby={describedBy}
      aria-invalid={isFaulty && !isDisabled}
      onInput={({ currentTarget }) => setDraft(currentTarget.value)}
      onChange={({ currentTarget }) => {
        const read = readNumber(currentTarget.value, bounds, field.scale);
        if (read === null) return setDraft(currentTarget.value);
        setDraft(null);
        if (read !== value) onChange({ ...values, [field.key]: read });
      }}
    />
  );
}

function ChoiceInput<T extends object>(
  { field, id, describedBy, isDisabled, values, surroundings, onChange }: InputProps<T> & {
    field: ChoiceField<T>;
  },
) {
  const value = (values[field.key] as string | undefined) ?? field.choices[0];
  return (
    <select
      id={id}
      value={value}
      disabled={isDisabled}
      aria-describedby={describedBy}
      onChange={({ currentTarget }) => onChange({ ...values, [field.key]: currentTarget.value })}
    >
      {field.choices.map((choice) => (
        <option
          key={choice}
          value={choice}
          disabled={choice !== value &&
            (field.refused?.(choice, values, surroundings) ?? null) !== null}
        >
          {choice}
        </option>
      ))}
    </select>
  );
}
