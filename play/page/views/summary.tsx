/** The figures that matter first: how much, how fast, how well. */
import { t } from "../i18n/mod.ts";
import { Announcer } from "./announcer.tsx";
import { difference, errorRate, messageRate } from "./comparison.ts";
import { formatBytes, formatCount, formatShare, formatTime, UNKNOWN } from "./format.ts";
import { sumOf } from "./growth.ts";
import { loadErrorTotals } from "./loads.ts";
import { type Moment, moments } from "./moments.ts";
import type { ViewProps } from "./view_props.ts";

/** Server and load are shown separately if their rates differ by at least this share. */
const DIFFERENT = 0.05;

/** The three figures, the smaller ones, and a line for screen readers. */
export function Summary({ server, frames }: ViewProps) {
  const moment = moments(frames, server.id).at(-1);
  if (moment === undefined) return null;
  const errors = errorRate(moment);
  return (
    <div class="summary">
      <div class="first-figures">
        <FirstFigure
          name={t(`views.rate.${server.setup.service}`)}
          value={formatCount(messageRate(moment))}
          unit={t("views.perSecond")}
          detail={rateDetail(moment)}
        />
        <FirstFigure
          name={t("views.p99")}
          value={formatTime(moment.latency?.p99 ?? null)}
          detail={moment.latency === null ? t("views.noAnswers") : t("views.latency.detail", {
            p50: formatTime(moment.latency.p50),
            max: formatTime(moment.latency.max),
          })}
        />
        <FirstFigure
          name={t("views.errors")}
          value={formatCount(errors)}
          unit={t("views.perSecond")}
          detail={t("views.errors.detail", {
            count: formatCount(sumOf(loadErrorTotals(frames, server.id))),
          })}
          isBad={errors !== null && errors > 0}
        />
      </div>
      <dl class="figures">
        <Figure name={t("views.open")} value={formatCount(moment.open)} />
        <Figure name={t("views.acceptQueue")} value={queueText(moment)} />
        <Figure
          name="TIME-WAIT"
          value={formatCount(moment.sockets && (moment.sockets["time-wait"] ?? 0))}
        />
        <Figure name="CPU" value={formatShare(cpuOf(moment))} />
        <Figure
          name={t(`views.cpuPer.${server.setup.service}`)}
          value={formatTime(moment.cpuUsPerMessage)}
        />
        <Figure name={t("views.memory")} value={formatBytes(moment.rssBytes)} />
      </dl>
      <Announcer
        atMs={moment.atMs}
        text={t("views.spoken", {
          rate: formatCount(messageRate(moment)),
          what: t(`views.rate.${server.setup.service}`),
          p99: formatTime(moment.latency?.p99 ?? null),
          errors: formatCount(errors),
          open: formatCount(moment.open),
        })}
      />
    </div>
  );
}

function FirstFigure({ name, value, unit, detail, isBad }: {
  name: string;
  value: string;
  unit?: string;
  detail: string;
  isBad?: boolean;
}) {
  return (
    <div class={isBad ? "first-figure bad" : "first-figure"}>
      <p class="name">{name}</p>
      <p class="value">
        {value}
        {unit !== undefined && value !== UNKNOWN && <small>{unit}</small>}
      </p>
      <p class="detail">{detail}</p>
    </div>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function rateDetail({ serverRate, loadRate }: Moment): string {
  if (loadRate === null) return t("views.rate.noLoad");
  const differs = difference(serverRate, loadRate);
  if (differs === null) return t("views.rate.loadOnly");
  return differs < DIFFERENT
    ? t("views.rate.agree")
    : t("views.rate.differ", { server: formatCount(serverRate), load: formatCount(loadRate) });
}

function queueText({ acceptQueue, acceptLimit }: Moment): string {
  if (acceptQueue === null) return UNKNOWN;
  return t("views.of", { value: formatCount(acceptQueue), most: formatCount(acceptLimit) });
}

/** User and system together. */
function cpuOf({ userCpu, systemCpu }: Moment): number | null {
  return userCpu === null || systemCpu === null ? null : userCpu + systemCpu;
}
