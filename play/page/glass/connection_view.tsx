/** The connection at one step: what it does, its block, and what waits to be sent. */
import { fromBase64 } from "../../base64.ts";
import type { GlassStep, GlassTrace } from "../../protocol.ts";
import { blockZones } from "../bytes/byte_lines.ts";
import { ByteView } from "../bytes/byte_view.tsx";
import { type MessageKey, t } from "../i18n/mod.ts";
import { blockAt, PHASES, stepText } from "./moments.ts";

/** Phases that only HTTP has: an echo connection has no messages, only bytes. */
const OF_HTTP: readonly string[] = ["head", "content", "lingering"];

/** The middle of the glass. */
export function ConnectionView({ trace, at }: { trace: GlassTrace; at: number }) {
  const { steps, setup, failure } = trace;
  const step = steps[at];
  if (step === undefined) {
    return <p class="fault" role="alert">{failure ?? t("glass.noSteps")}</p>;
  }
  const block = blockAt(steps, at);
  const input = fromBase64(block?.input ?? "");
  const output = fromBase64(block?.output ?? "");
  const { consumed = 0, scanned = 0 } = block ?? {};
  const isHttp = setup.service === "http";
  return (
    <section class="connection" aria-label={t("glass.connection")}>
      <p class={`now is-${step.kind}`}>
        <span class="kind">{t(`glass.kind.${step.kind}`)}</span> <code>{stepText(step)}</code>
      </p>
      <p class="why">{t(meaningOf(step))}</p>
      <ol class="phases" aria-label={t("glass.phases")}>
        {PHASES.filter((phase) => isHttp || !OF_HTTP.includes(phase)).map((phase) => (
          <li key={phase} aria-current={phase === block?.phase ? "step" : undefined}>
            {t(`glass.phase.${phase}`)}
          </li>
        ))}
      </ol>
      <h3>
        {t("glass.input")} <small>{t("glass.consumedOf", { consumed, bytes: input.length })}</small>
      </h3>
      <ByteView
        label={t("glass.input")}
        bytes={input}
        zones={blockZones({ consumed, scanned, length: input.length })}
        marks={isHttp && input.length > 0 ? [{ at: scanned, name: "is-place" }] : []}
      />
      {isHttp && (
        <p class="hint">
          {t("glass.place", { scanned })}{" "}
          {t(`parser.state.${block?.parser ?? "start"}` as MessageKey)}
        </p>
      )}
      <h3>
        {t("glass.output")} <small>{t("glass.bytesCount", { bytes: output.length })}</small>
      </h3>
      <ByteView
        label={t("glass.output")}
        bytes={output}
        zones={[{ from: 0, to: output.length, name: "is-waiting" }]}
      />
      <p class="glass-legend">
        <span class="is-consumed">{t("glass.legend.consumed")}</span>
        {isHttp && <span class="is-scanned">{t("glass.legend.scanned")}</span>}
        <span class="is-waiting">{t("glass.legend.waiting")}</span>
      </p>
    </section>
  );
}

/** Steps that are explained, by kind and name. */
const EXPLAINED = new Set([
  "event.start",
  "event.received",
  "event.sent",
  "event.finished",
  "event.failed",
  "event.onTimeout",
  "event.end",
  "want.Receive",
  "want.Send",
  "want.FinishWrite",
  "want.Await",
  "want.Close",
  "call.epoll_wait(2)",
  "call.poll(2)",
  "call.select(2)",
  "call.io_uring_enter(2)",
  "call.accept4(2)",
  "call.epoll_ctl(2)",
  "call.getpeername(2)",
  "call.recv(2)",
  "call.send(2)",
  "call.shutdown(2)",
  "call.close(2)",
]);

/** The text that says what a step means. */
function meaningOf({ kind, name, error }: GlassStep): MessageKey {
  if (error === "EAGAIN") return "glass.why.again";
  const key = `${kind}.${name}`;
  if (EXPLAINED.has(key)) return `glass.why.${key}` as MessageKey;
  return `glass.why.${kind}` as MessageKey;
}
