/** A story: first the prediction, then the run, then its outcome. */
import { batch, effect, type Signal, signal } from "@preact/signals";
import { complain, say } from "../notices.ts";
import { slots, startIn, stopAll, wordsOf } from "../control.ts";
import { language, type MessageKey, t } from "../i18n/mod.ts";
import { formatFigure, ratioText } from "../runs/comparison.tsx";
import { showReplay } from "../runs/replay.ts";
import { FIGURES, type RunFigures } from "../runs/figures.ts";
import { link, liveFrame, machine, setup, tab } from "../store.ts";
import { httpHost, RefusedError } from "../transport.ts";
import {
  borneOut,
  lackingEngines,
  type Progress,
  runStory,
  setupOf,
  StoryError,
  type StoryHost,
} from "./run_story.ts";
import { STORIES } from "./stories.ts";
import { type Lab, LABS, type Story, type StoryStep, type Text } from "./story.ts";
import { Fold } from "../shell/fold.tsx";

/** The story that is open. */
const open: Signal<Lab | null> = signal(null);

/** Whether the list is unfolded where there is no room for it next to the rest. */
const isListOpen = signal(false);

/** The id of the predicted choice; it cannot be changed once the story runs. */
const prediction: Signal<string | null> = signal(null);

/** How far the story is; null: it does not run. */
const progress: Signal<Progress | null> = signal(null);

/** The figures of the steps that have ended. */
const results: Signal<readonly RunFigures[]> = signal([]);

let running: AbortController | null = null;

const inWords = (text: Text) => text[language.value];

/** Opens the story that the set-up names, as when a link is opened. */
export function followStory(): void {
  effect(() => {
    const { story } = setup.value;
    if (story === undefined || running !== null) return;
    if (!(LABS as readonly string[]).includes(story)) {
      complain(t("story.unknown", { story }));
    } else if (story !== open.peek()) {
      openStory(story as Lab);
    }
  });
}

/** Opens a story, and sets the controls to its first step. */
export function openStory(lab: Lab): void {
  batch(() => {
    open.value = lab;
    prediction.value = null;
    results.value = [];
    showStep(lab, STORIES[lab].steps[0]);
  });
}

function closeStory(): void {
  const { story: _, ...rest } = setup.value;
  batch(() => {
    open.value = null;
    setup.value = rest;
  });
}

/** Sets the controls to what a step asks for. */
function showStep(lab: Lab, step: StoryStep): void {
  const { server, load } = setupOf(step, machine.peek());
  setup.value = { servers: [server], load, story: lab };
}

/** The host, and what the page shows of it meanwhile. */
const storyHost: StoryHost = {
  startServer: (server) => startIn(0, server),
  stopServer: async (id) => {
    await httpHost.stopServer(id);
    slots.value = slots.value.map((slot) => slot === id ? null : slot);
  },
  startLoad: (start) => httpHost.startLoad(start),
  stopLoad: (id) => httpHost.stopLoad(id),
  onFrame: (listener) => {
    let last = liveFrame.peek();
    return liveFrame.subscribe((frame) => {
      // The frame from before the subscription is not new.
      if (frame === null || frame === last) return;
      last = frame;
      listener(frame);
    });
  },
};

async function start(story: Story): Promise<void> {
  running = new AbortController();
  const { signal } = running;
  const unwatch = link.subscribe((state) => {
    if (state === "ended") running?.abort(new StoryError(t("link.ended")));
  });
  results.value = [];
  progress.value = { step: 0, doing: "starting" };
  tab.value = "live";
  showReplay(null);
  try {
    // A story's figures are those of its own servers alone.
    await stopAll();
    await runStory(story, storyHost, machine.peek(), {
      signal,
      onProgress: (now) => {
        if (now.doing === "starting") showStep(story.lab, story.steps[now.step]);
        progress.value = now;
      },
      onFigures: (_, figures) => results.value = [...results.value, figures],
    });
    say(t("story.done"));
  } catch (error) {
    if (error instanceof StoryError) complain(t("story.failed", { why: error.message }));
    else if (!signal.aborted) {
      if (!(error instanceof RefusedError || error instanceof TypeError)) throw error;
      complain(wordsOf(error));
    }
  } finally {
    unwatch();
    running = null;
    progress.value = null;
  }
}

/** The panel. */
export function StoryPanel() {
  const lab = open.value;
  return (
    <div class="story">
      <h2 id="story-title">
        {lab === null && (
          <Fold
            isOpen={isListOpen}
            controls="story-list"
            title={t("story.title")}
          />
        )}
        <span class={lab === null ? "unfolded" : ""}>{t("story.title")}</span>
      </h2>
      {lab === null ? <StoryList /> : <OpenStory key={lab} story={STORIES[lab]} />}
    </div>
  );
}

function StoryList() {
  return (
    <div id="story-list" class={`foldable${isListOpen.value ? " is-open" : ""}`}>
      <p class="muted">{t("story.about")}</p>
      <ul class="plain story-list">
        {LABS.map((lab) => (
          <li key={lab}>
            <button type="button" onClick={() => openStory(lab)}>
              <strong>{lab}</strong>
              <small>{inWords(STORIES[lab].question)}</small>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function OpenStory({ story }: { story: Story }) {
  const isRunning = progress.value !== null;
  const host = machine.value;
  const lacking = host === null ? [] : lackingEngines(story, host);
  const isReady = prediction.value !== null && lacking.length === 0;
  const isFixed = isRunning || results.value.length > 0;
  return (
    <article class="card">
      <header>
        <h3>{story.lab}</h3>
        <button type="button" class="quiet" disabled={isRunning} onClick={closeStory}>
          {t("story.all")}
        </button>
      </header>
      <p class="question">{inWords(story.question)}</p>
      {story.near && (
        <p class="near">
          <strong>{t("story.near")}</strong> {inWords(story.near)}
        </p>
      )}
      <div class="told">
        <fieldset disabled={isFixed}>
          <legend>{t("story.predict")}</legend>
          <p>{inWords(story.predict.question)}</p>
          {story.predict.choices.map(({ id, text }) => (
            <label class="choice" key={id}>
              <input
                type="radio"
                name="prediction"
                value={id}
                checked={prediction.value === id}
                onChange={() => prediction.value = id}
              />
              <span>{inWords(text)}</span>
            </label>
          ))}
        </fieldset>
        <h4>{t("story.look")}</h4>
        <ul>{story.look.map((text) => <li key={text.en}>{inWords(text)}</li>)}</ul>
      </div>
      <div class="done">
        <p class="row">
          {isRunning
            ? (
              <button
                type="button"
                onClick={() => running?.abort(new DOMException("", "AbortError"))}
              >
                {t("story.stop")}
              </button>
            )
            : (
              <button
                type="button"
                class="primary"
                aria-disabled={!isReady}
                aria-describedby="story-ready"
                onClick={() => isReady && start(story)}
              >
                {results.value.length > 0 ? t("story.again") : t("story.run")}
              </button>
            )}
          {results.value.length > 0 && !isRunning && (
            <button
              type="button"
              onClick={() => {
                results.value = [];
                prediction.value = null;
              }}
            >
              {t("story.anew")}
            </button>
          )}
        </p>
        <p class="note" id="story-ready">
          {lacking.length > 0
            ? t("story.lacking", { engines: lacking.join(", ") })
            : prediction.value === null
            ? t("story.predictFirst")
            : t("story.length", { steps: story.steps.length, seconds: secondsOf(story) })}
        </p>
        <Steps story={story} />
        {results.value.length === story.steps.length && !isRunning && <Outcome story={story} />}
      </div>
    </article>
  );
}

/** About how long a story takes, in s. */
function secondsOf({ steps }: Story): number {
  const ms = steps.reduce((sum, { load }) => sum + (load.durationMs ?? 0) + 1500, 0);
  return Math.round(ms / 1000);
}

/** The steps as columns, and the figures of those that have ended. */
function Steps({ story }: { story: Story }) {
  const now = progress.value;
  const rows = FIGURES.filter(({ name }) => story.figures.includes(name));
  return (
    <section class="table-scroll" tabIndex={0} aria-label={t("story.steps")}>
      <table class="steps">
        <thead>
          <tr>
            <th scope="col">{t("story.steps")}</th>
            {story.steps.map((step, index) => (
              <th scope="col" key={index} class={now?.step === index ? "is-now" : ""}>
                {inWords(step.label)}
                {now?.step === index && <small>{t(`story.doing.${now.doing}`)}</small>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, kind }) => (
            <tr key={name}>
              <th scope="row">{t(`figure.${name}` as MessageKey)}</th>
              {story.steps.map((_, index) => {
                const figures = results.value[index];
                return (
                  <td key={index} class={now?.step === index ? "is-now" : ""}>
                    {figures && formatFigure(kind, figures[name])}
                    {figures && index > 0 &&
                      <small>{ratioText(figures[name], results.value[0][name])}</small>}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** What was predicted, and what the figures say. */
function Outcome({ story }: { story: Story }) {
  const right = borneOut(story, results.value);
  const predicted = story.predict.choices.find(({ id }) => id === prediction.value);
  const isRight = right !== null && right.id === predicted?.id;
  return (
    <div class={`outcome ${right === null ? "is-unknown" : isRight ? "is-right" : "is-wrong"}`}>
      <h4>{t("story.outcome")}</h4>
      <dl>
        <dt>{t("story.predicted")}</dt>
        <dd>{predicted && inWords(predicted.text)}</dd>
        <dt>{t("story.measured")}</dt>
        <dd>{right === null ? t("story.unclear") : inWords(right.text)}</dd>
      </dl>
      {right !== null && <p class="verdict">{t(isRight ? "story.right" : "story.wrong")}</p>}
      <p>{inWords(story.meaning)}</p>
      <p class="note">{t("story.lab", { command: `ktcp lab ${story.lab}` })}</p>
    </div>
  );
}
