/** One connection under the glass. */
import { t } from "../i18n/mod.ts";
import { Comparison } from "./comparison.tsx";
import { ConnectionView } from "./connection_view.tsx";
import { Player } from "./player.tsx";
import { cursor, failure, focused, isRunning, traces } from "./run.ts";
import { RunForm } from "./run_form.tsx";
import { StepList } from "./step_list.tsx";

/** Slow motion: the steps of a connection, and the same request on other engines. */
export function Glass() {
  const trace = focused.value;
  return (
    <div class="glass">
      <h2>{t("glass.title")}</h2>
      <p class="lead">{t("glass.lead")}</p>
      <RunForm />
      <p role="status" class="running">{isRunning.value ? t("glass.running") : ""}</p>
      {failure.value !== null && <p role="alert" class="fault">{failure.value}</p>}
      {trace !== null && (
        <div class="glass-result">
          <Player trace={trace} />
          <div class="glass-columns">
            <ConnectionView trace={trace} at={cursor.value} />
            <StepList steps={trace.steps} at={cursor.value} />
          </div>
          <Comparison traces={traces.value!} />
        </div>
      )}
    </div>
  );
}
