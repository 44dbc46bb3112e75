import { both, ratio, type Story, within } from "../story.ts";

/** Requests that take time. */
export const work: Story = {
  lab: "work",
  question: both(
    "When is a pool right: what do requests that cost time do to the others?",
    "什麼時候該用 pool：花時間的請求會對其他請求造成什麼影響？",
  ),
  near: both(
    "The lab mixes heavy connections with small ones. Here all six are alike, and each request blocks for 5 ms.",
    "實驗混合沉重與小的連線。這裡六條連線都一樣，每個請求阻擋 5 ms。",
  ),
  look: [
    both("p50: how many others does a request wait behind?", "p50：一個請求排在多少個後面？"),
    both("CPU: hardly any is used.", "CPU：幾乎沒有用到。"),
  ],
  predict: {
    question: both(
      "Each request sleeps for 5 ms; there are 6 clients. How many times as many requests does a pool answer as one event loop?",
      "每個請求睡 5 ms，有 6 個用戶端。pool 回答的請求是單一事件迴圈的幾倍？",
    ),
    choices: [
      {
        id: "same",
        text: both("as many", "一樣多"),
        holds: ([single, pool]) => within(ratio(pool?.perSecond, single?.perSecond), 0, 1.5),
      },
      {
        id: "cores",
        text: both("2 to 4 times: as many as there are cores", "2 到 4 倍：與核心數相同"),
        holds: ([single, pool]) => within(ratio(pool?.perSecond, single?.perSecond), 1.5, 4.5),
      },
      {
        id: "clients",
        text: both("about 6 times: as many as there are clients", "約 6 倍：與用戶端數相同"),
        holds: ([single, pool]) => within(ratio(pool?.perSecond, single?.perSecond), 4.5, Infinity),
      },
    ],
  },
  steps: (["single", "shared-pool"] as const).map((model) => ({
    label: both(model, model),
    server: { service: "http" as const, model, workUs: 5000, workKind: "block" as const },
    load: { clients: 6, durationMs: 5000 },
  })),
  figures: ["perSecond", "p50Us", "p99Us", "threads"],
  meaning: both(
    "One event loop sleeps for each request in turn: 200 a second, and each client waits for the five before it. A thread that blocks needs no core, so a pool with enough Workers lets all of them sleep at the same time.",
    "單一事件迴圈輪流為每個請求睡眠：每秒 200 個，每個用戶端都要等前面五個。阻擋中的執行緒不需要核心，因此有足夠 Worker 的 pool 可以讓它們全部同時睡。",
  ),
};
