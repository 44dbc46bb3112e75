import { both, type Story, within } from "../story.ts";

/** What max_active allows. */
export const workqueue: Story = {
  lab: "workqueue",
  question: both(
    "What did CMWQ repair in the old workqueues, and what does each setting do?",
    "CMWQ 修正了舊工作佇列的什麼問題，每項設定又有什麼作用？",
  ),
  near: both(
    "The lab rebuilds the old workqueues and their deadlock. Here is its fifth exercise: max_active of an unbound queue whose items sleep.",
    "實驗重建了舊的工作佇列與它們的死結。這裡是它的第五題：項目會睡眠的未繫結佇列，其 max_active 的作用。",
  ),
  look: [
    both(
      "Work items that wait, and those that are active.",
      "等待中的工作項目，以及執行中的工作項目。",
    ),
    both("Workers: they are blocked, not busy.", "Worker：它們是阻擋中，而不是忙碌。"),
  ],
  predict: {
    question: both(
      "Each item sleeps for 10 ms, max_active is 8, and 16 clients wait for their answers. How many requests per second?",
      "每個項目睡 10 ms，max_active 為 8，16 個用戶端在等回應。每秒幾個請求？",
    ),
    choices: [
      {
        id: "one",
        text: both("about 100: they sleep one after the other", "約 100：一個接一個睡"),
        holds: ({ 2: eight }) => within(eight?.perSecond, 0, 300),
      },
      {
        id: "eight",
        text: both("about 800: eight sleep at the same time", "約 800：同時睡八個"),
        holds: ({ 2: eight }) => within(eight?.perSecond, 300, 1200),
      },
      {
        id: "sixteen",
        text: both("about 1,600: all sleep at the same time", "約 1,600：全部同時睡"),
        holds: ({ 2: eight }) => within(eight?.perSecond, 1200, Infinity),
      },
    ],
  },
  steps: [1, 4, 8].map((maxActive) => ({
    label: both(`max_active ${maxActive}`, `max_active ${maxActive}`),
    server: {
      service: "http" as const,
      model: "shared-pool" as const,
      maxActive,
      workUs: 10_000,
      workKind: "block" as const,
    },
    load: { clients: 16, durationMs: 5000 },
  })),
  figures: ["perSecond", "p50Us", "p99Us", "threads"],
  meaning: both(
    "max_active divided by the time of an item is the most that the queue can do: 1, 4 and 8 items in 10 ms. Items that sleep need no core, so more of them at the same time cost nothing but threads.",
    "max_active 除以一個項目的時間，就是佇列所能承受的上限：每 10 ms 有 1、4、8 個。睡眠中的項目不需要核心，同時有更多個，代價只是執行緒。",
  ),
};
