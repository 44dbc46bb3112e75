/** Runs as files: saved, opened, and made into a report. */
import { wordsOf } from "../control.ts";
import { t } from "../i18n/mod.ts";
import { complain, say } from "../notices.ts";
import { httpHost } from "../transport.ts";
import { readRecording, RecordingError } from "./recording.ts";
import { addRun, lettersOf, type Run } from "./runs.ts";

/** The largest file that is opened. */
const MOST_BYTES = 512 * 2 ** 20;

function download(text: string, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has fetched it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A file's name without its ending: `ktcp-play-2026-11-28-11-30-00`. */
function nameOf({ recording: { savedAt } }: Run): string {
  return `ktcp-play-${savedAt.slice(0, 19).replaceAll(/[:T]/g, "-")}`;
}

/** Saves a run as JSON. */
export function saveRun(run: Run): void {
  download(JSON.stringify(run.recording), "application/json", `${nameOf(run)}.json`);
}

/** Lets the host make the report of a run, and saves it as HTML. */
export async function saveReport(run: Run): Promise<void> {
  try {
    const html = await httpHost.report(run.recording);
    download(html, "text/html", `${nameOf(run)}.html`);
    say(t("run.reportSaved"));
  } catch (error) {
    complain(wordsOf(error));
  }
}

/** Opens saved files; a complaint is shown for each that cannot be read. */
export async function openRuns(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    try {
      if (file.size > MOST_BYTES) throw new RecordingError(t("run.tooLarge"));
      const recording = readRecording(await file.text());
      addRun({ recording, letters: lettersOf(recording), stride: 1, file: file.name });
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      complain(t("run.notOpened", { file: file.name, why: error.message }));
    }
  }
}
