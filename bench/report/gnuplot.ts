/** Scripts for gnuplot(1), which plots `bench.txt` as the original project does. */

/** What {@linkcode benchGnuplot} plots. */
export interface GnuplotOptions {
  /** The two columns of `bench --output`. */
  dataPath: string;
  /** The picture to write; SVG when it ends in `.svg`, else PNG. */
  outputPath: string;
  /** Second line of the title, such as the target. */
  subtitle: string;
}

/** A gnuplot script: mean echo latency of each client. */
export function benchGnuplot({ dataPath, outputPath, subtitle }: GnuplotOptions): string {
  const terminal = outputPath.endsWith(".svg") ? "svg" : "pngcairo";
  return `# Run with: gnuplot <this file>
set terminal ${terminal} size 960,540
set encoding utf8
set output ${quote(outputPath)}
set title ${quote(`Mean echo latency of each client\\n${subtitle}`, '"')} noenhanced
set xlabel "client"
set ylabel "echo latency (µs)"
set yrange [0:*]
set grid ytics
set key off
plot ${quote(dataPath)} using 1:2 with points pointtype 7 pointsize 0.4
`;
}

/**
 * In single-quoted strings, the only escape is the doubled quote; double-quoted ones support \n.
 */
function quote(text: string, mark: '"' | "'" = "'"): string {
  if (mark === "'") return `'${text.replaceAll("'", "''")}'`;
  return `"${text.replaceAll('"', '\\"')}"`;
}
