import { both, type Story, within } from "../story.ts";

/** What a Worker costs. */
export const spawn: Story = {
  lab: "spawn",
  question: both(
    "What does a unit of concurrency cost: a promise, a thread, a Worker, a process?",
    "一個並行單位要花多少成本：promise、執行緒、Worker、行程？",
  ),
  near: both(
    "The lab times five kinds. Here only one of them can be seen: a Worker for each connection, compared with Workers that stay.",
    "實驗量測五種。這裡只看得到其中一種：為每條連線建立 Worker，並與留著不走的 Worker 相比。",
  ),
  look: [
    both("Workers created and ended, one for each request.", "Worker 的建立與結束：每個請求一個。"),
    both("CPU time per request, and memory.", "每個請求的 CPU 時間，以及記憶體。"),
  ],
  predict: {
    question: both(
      "Each request opens a connection, and a Worker is created for each. How many requests per second are answered?",
      "每個請求開一條連線，並為每條連線建立一個 Worker。每秒能回答多少請求？",
    ),
    choices: [
      {
        id: "hundred",
        text: both("about 100 (less than 300)", "約 100（不到 300）"),
        holds: ([created]) => within(created?.perSecond, 0, 300),
      },
      {
        id: "thousand",
        text: both("about 1,000 (300 to 3,000)", "約 1,000（300 到 3,000）"),
        holds: ([created]) => within(created?.perSecond, 300, 3000),
      },
      {
        id: "more",
        text: both("10,000 or so (more than 3,000)", "約 10,000（超過 3,000）"),
        holds: ([created]) => within(created?.perSecond, 3000, Infinity),
      },
    ],
  },
  steps: (["per-connection", "shared-pool"] as const).map((model) => ({
    label: both(model, model),
    server: { service: "http" as const, model, maxActive: 8 },
    load: { clients: 4, isKeepAlive: false, durationMs: 2500 },
  })),
  figures: ["perSecond", "p50Us", "cpuUsPerMessage", "threads", "rssBytes"],
  meaning: both(
    "The reciprocal of the requests per second is about what a Worker costs, divided among the cores that create them. A pool pays once and keeps its Workers while they are idle. That is what CMWQ does with kernel threads.",
    "每秒請求數的倒數，約為一個 Worker 的成本（分攤在建立它們的核心上）。pool 只付一次，並在閒置時留著 Worker；CMWQ 對核心執行緒正是如此。",
  ),
};
