/** Lines over a common axis as a static drawing, and the same data as a table. */
import { useId } from "preact/hooks";
import { t } from "../i18n/mod.ts";
import { linearTicks, niceCeiling } from "../views/ticks.ts";

/** A line. */
export interface Line {
  name: string;
  x: readonly number[];
  y: readonly number[];
}

interface LinePlotProps {
  title: string;
  xLabel: string;
  lines: readonly Line[];
  format: (value: number) => string;
}

const WIDTH = 800;
const HEIGHT = 260;
const LEFT = 64;
const BOTTOM = 36;
const TOP = 12;

/** Lines are told apart by colour and by dashes. */
const DASHES = ["", "8 4", "2 3", "10 3 2 3", "5 5", "1 4", "12 4", "6 2 2 2"];

/** The plot. */
export function LinePlot({ title, xLabel, lines, format }: LinePlotProps) {
  const id = useId();
  const shown = lines.filter(({ x }) => x.length > 0).slice(0, DASHES.length);
  if (shown.length === 0) return null;
  const xMax = Math.max(1, ...shown.map(({ x }) => x[x.length - 1]));
  const yMax = niceCeiling(Math.max(...shown.flatMap(({ y }) => y)));
  const px = (x: number) => LEFT + x / xMax * (WIDTH - LEFT - 8);
  const py = (y: number) => HEIGHT - BOTTOM - y / yMax * (HEIGHT - BOTTOM - TOP);
  return (
    <figure class="plot">
      <figcaption id={id}>{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={id}>
        {linearTicks(yMax, 4).map((y) => (
          <g key={y}>
            <line class="grid" x1={LEFT} x2={WIDTH - 8} y1={py(y)} y2={py(y)} />
            <text x={LEFT - 8} y={py(y) + 5} text-anchor="end">{format(y)}</text>
          </g>
        ))}
        {linearTicks(xMax, 8).map((x) => (
          <text key={x} x={px(x)} y={HEIGHT - BOTTOM + 20} text-anchor="middle">{x}</text>
        ))}
        {shown.map(({ x, y }, i) => (
          <polyline
            key={i}
            class={`line series-${i + 1}`}
            stroke-dasharray={DASHES[i]}
            points={x.map((value, at) => `${px(value).toFixed(1)},${py(y[at]).toFixed(1)}`).join(
              " ",
            )}
          />
        ))}
      </svg>
      <p class="axis">{xLabel}</p>
      <ul class="legend">
        {shown.map(({ name }, i) => (
          <li key={i}>
            <svg viewBox="0 0 40 10" width="40" height="10" aria-hidden="true">
              <line
                class={`line series-${i + 1}`}
                stroke-dasharray={DASHES[i]}
                x1="0"
                y1="5"
                x2="40"
                y2="5"
              />
            </svg>{" "}
            {name}
          </li>
        ))}
      </ul>
      <details>
        <summary>{t("plot.table")}</summary>
        <section class="table-scroll" tabIndex={0} aria-labelledby={id}>
          <table>
            <thead>
              <tr>
                <th scope="col">{xLabel}</th>
                {shown.map(({ name }, i) => <th scope="col" key={i}>{name}</th>)}
              </tr>
            </thead>
            <tbody>
              {longest(shown).map((x, at) => (
                <tr key={x}>
                  <th scope="row">{x.toFixed(2)}</th>
                  {shown.map(({ y }, i) => (
                    <td key={i}>{y[at] === undefined ? "" : format(y[at])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  );
}

function longest(lines: readonly Line[]): readonly number[] {
  return lines.reduce((a, b) => b.x.length > a.x.length ? b : a).x;
}
