/** The form that says what is run under the glass. */
import { useId } from "preact/hooks";
import { GLASS_LIMITS, type ServerSetup, type ServiceName } from "../../protocol.ts";
import { Cutter } from "../bytes/cutter.tsx";
import { NotationField, readText } from "../bytes/notation_field.tsx";
import { type MessageKey, t } from "../i18n/mod.ts";
import { type PresetName, PRESETS } from "./presets.ts";
import {
  bufferBytes,
  canRun,
  choosePreset,
  chosenEngines,
  cuts,
  engines,
  leftOut,
  preset,
  run,
  service,
  text,
} from "./run.ts";

const NO_BYTES = new Uint8Array();
const MOST_BUFFER = 65_536;

function toggleEngine(engine: ServerSetup["engine"]): void {
  const next = new Set(leftOut.value);
  if (!next.delete(engine)) next.add(engine);
  leftOut.value = next;
}

/** Service, bytes, cuts, engines, and the button. */
export function RunForm() {
  const id = useId();
  const read = readText(text.value, GLASS_LIMITS.bytes);
  const own = () => preset.value = "";
  return (
    <form
      class="glass-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (canRun.value) run();
      }}
    >
      <div class="glass-choices">
        <label>
          {t("glass.preset")}
          <select
            value={preset.value}
            onChange={({ currentTarget }) => choosePreset(currentTarget.value as PresetName | "")}
          >
            <option value="">{t("glass.preset.own")}</option>
            {(Object.keys(PRESETS) as PresetName[]).map((name) => (
              <option key={name} value={name}>{t(`glass.preset.${name}` as MessageKey)}</option>
            ))}
          </select>
        </label>
        <label>
          {t("glass.service")}
          <select
            value={service.value}
            onChange={({ currentTarget }) => {
              own();
              service.value = currentTarget.value as ServiceName;
            }}
          >
            <option value="echo">ktcp echo</option>
            <option value="http">ktcp http</option>
          </select>
        </label>
        {service.value === "echo" && (
          <label>
            {t("glass.buffer")}
            <input
              type="number"
              min={1}
              max={MOST_BUFFER}
              required
              value={bufferBytes.value}
              onChange={({ currentTarget }) => {
                if (!currentTarget.checkValidity()) return;
                own();
                bufferBytes.value = currentTarget.valueAsNumber;
              }}
            />
          </label>
        )}
        <fieldset>
          <legend>{t("glass.engines")}</legend>
          {engines.value.map((engine) => (
            <label key={engine}>
              <input
                type="checkbox"
                checked={chosenEngines.value.includes(engine)}
                onChange={() => toggleEngine(engine)}
              />
              {engine}
            </label>
          ))}
        </fieldset>
      </div>
      <div class="glass-bytes">
        <NotationField
          label={t("glass.bytes")}
          text={text.value}
          most={GLASS_LIMITS.bytes}
          onChange={(changed) => {
            own();
            text.value = changed;
          }}
        />
        <div role="group" aria-labelledby={`${id}-cuts`}>
          <p class="label" id={`${id}-cuts`}>{t("glass.cuts")}</p>
          <Cutter
            bytes={"bytes" in read ? read.bytes : NO_BYTES}
            cuts={cuts.value}
            mostParts={GLASS_LIMITS.parts}
            onChange={(changed) => {
              own();
              cuts.value = changed;
            }}
          />
        </div>
      </div>
      <button type="submit" class="glass-run" disabled={!canRun.value}>{t("glass.run")}</button>
    </form>
  );
}
