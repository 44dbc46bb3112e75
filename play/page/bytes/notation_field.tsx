/** A field for bytes as text, which says what cannot be read. */
import { useId } from "preact/hooks";
import { t } from "../i18n/mod.ts";
import { NotationError, parseNotation } from "./notation.ts";

interface NotationFieldProps {
  label: string;
  text: string;
  /** The most bytes. */
  most: number;
  onChange: (text: string) => void;
}

/** The bytes of a text, or why it cannot be read. */
export type ReadText = { bytes: Uint8Array<ArrayBuffer> } | { fault: string };

/** Reads `text`, of at most `most` bytes. */
export function readText(text: string, most: number): ReadText {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = parseNotation(text);
  } catch (error) {
    if (!(error instanceof NotationError)) throw error;
    const line = text.slice(0, error.at).split("\n").length;
    return { fault: t("bytes.badEscape", { escape: error.escape, line }) };
  }
  if (bytes.length > most) return { fault: t("bytes.tooMany", { bytes: bytes.length, most }) };
  return { bytes };
}

/** The field, with a note below it on how bytes are written. */
export function NotationField({ label, text, most, onChange }: NotationFieldProps) {
  const id = useId();
  const read = readText(text, most);
  return (
    <div class="notation">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={7}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        value={text}
        aria-invalid={"fault" in read}
        aria-describedby={`${id}-note`}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <p id={`${id}-note`} class={"fault" in read ? "fault" : "hint"}>
        {"fault" in read ? read.fault : t("bytes.notation", { bytes: read.bytes.length })}
      </p>
    </div>
  );
}
