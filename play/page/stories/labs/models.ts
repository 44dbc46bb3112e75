import { MODELS } from "../../../../servers/models/model.ts";
import type { RunFigures } from "../../runs/figures.ts";
import { both, type Story } from "../story.ts";

/** Whether the model at `index` answers least. */
function isLast(figures: readonly RunFigures[], index: number): boolean {
  const rates = MODELS.map((_, i) => figures[i]?.perSecond ?? null);
  const own = rates[index];
  return own !== null && rates.every((rate, i) => i === index || (rate !== null && own < rate));
}

/** Which thread runs which work. */
export const models: Story = {
  lab: "models",
  question: both(
    "What does a worker pool buy over a thread per connection, or over one event loop?",
    "比起每條連線一個執行緒，或單一事件迴圈，worker pool 能換來什麼？",
  ),
  near: both(
    "Of the lab's three workloads this is the one with a connection per request, with 8 clients.",
    "這是實驗三種工作負載中「每個請求一條連線」的那一種，使用 8 個用戶端。",
  ),
  look: [
    both(
      "Workers: how often is one created, and how long does it live?",
      "Worker：多久建立一個？它存活多久？",
    ),
    both("p99 as well as requests per second.", "除了每秒請求數，也要看 p99。"),
  ],
  predict: {
    question: both(
      "Each request opens a connection. Which model answers the fewest requests per second?",
      "每個請求都開一條連線。哪個模型每秒回答的請求最少？",
    ),
    choices: MODELS.map((model, index) => ({
      id: model,
      text: both(model, model),
      holds: (figures) => isLast(figures, index),
    })),
  },
  steps: MODELS.map((model) => ({
    label: both(model, model),
    server: { service: "http" as const, model, workers: 2, maxActive: 16 },
    load: { clients: 8, isKeepAlive: false, durationMs: 2000 },
  })),
  figures: ["perSecond", "p50Us", "p99Us", "cpuUsPerMessage", "threads", "rssBytes"],
  meaning: both(
    "A Worker is a whole JavaScript engine: creating one for each connection costs several hundred times as much as a thread. The direction is that of the reports on the kernel modules, where the pool was 1.8 to 4.6 times as fast; the factor is not.",
    "一個 Worker 就是一整個 JavaScript 引擎：為每條連線建立一個，成本是執行緒的好幾百倍。方向與核心報告相同（報告中 pool 勝出 1.8 到 4.6 倍），倍數則不然。",
  ),
};
