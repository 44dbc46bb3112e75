/** Where bytes are cut: by a click between two of them, or by a slider and a button. */
import { useId, useState } from "preact/hooks";
import { t } from "../i18n/mod.ts";
import type { Mark, Zone } from "./byte_lines.ts";
import { ByteView } from "./byte_view.tsx";
import { type Cuts, cutsWithin, everyCut, toggleCut } from "./cuts.ts";
import { formatByte } from "./notation.ts";

interface CutterProps {
  bytes: Uint8Array;
  cuts: Cuts;
  zones?: readonly Zone[];
  marks?: readonly Mark[];
  /** The most parts; default: as many as there are bytes. */
  mostParts?: number;
  onChange: (cuts: Cuts) => void;
}

/** The bytes with their cuts, and the controls that add and remove cuts. */
export function Cutter(
  { bytes, cuts: all, zones, marks = [], mostParts = Infinity, onChange }: CutterProps,
) {
  const id = useId();
  const [wanted, setWanted] = useState(1);
  const { length } = bytes;
  const cuts = cutsWithin(all, length);
  const place = Math.max(1, Math.min(wanted, length - 1));
  const isCut = cuts.includes(place);
  const isFull = cuts.length + 1 >= mostParts;
  const toggle = (at: number) => {
    if (at <= 0 || at >= length) return;
    setWanted(at);
    if (cuts.includes(at) || !isFull) onChange(toggleCut(cuts, at));
  };
  return (
    <div class="cutter">
      <ByteView
        label={t("bytes.label", { bytes: length, parts: cuts.length + 1 })}
        bytes={bytes}
        zones={zones}
        marks={[
          ...marks,
          ...cuts.map((at) => ({ at, name: "is-cut" })),
          ...(length > 1 && !isCut ? [{ at: place, name: "is-caret" }] : []),
        ]}
        onPlace={toggle}
      />
      <p class="hint">{t("bytes.hint")}</p>
      <div class="cut-tools">
        <label for={id}>{t("bytes.place")}</label>
        <input
          id={id}
          type="range"
          min={1}
          max={Math.max(1, length - 1)}
          value={place}
          disabled={length < 2}
          aria-valuetext={length < 2 ? undefined : t("bytes.placeText", {
            at: place,
            before: formatByte(bytes[place - 1]),
            after: formatByte(bytes[place]),
          })}
          onInput={({ currentTarget }) => setWanted(Number(currentTarget.value))}
        />
        <output for={id}>{length < 2 ? "–" : `${place} / ${length}`}</output>
        <button
          type="button"
          disabled={length < 2 || (isFull && !isCut)}
          onClick={() => toggle(place)}
        >
          {t(isCut ? "bytes.uncut" : "bytes.cut")}
        </button>
        <button
          type="button"
          disabled={length < 2 || length > mostParts}
          onClick={() => onChange(everyCut(length))}
        >
          {t("bytes.everyByte")}
        </button>
        <button type="button" disabled={cuts.length === 0} onClick={() => onChange([])}>
          {t("bytes.noCuts")}
        </button>
      </div>
    </div>
  );
}
