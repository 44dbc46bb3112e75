import { both, ratio, type Story, within } from "../story.ts";

/** One thread, as in user-echo-server, and a pool, as in kecho. */
export const originals: Story = {
  lab: "originals",
  question: both("How do the originals behave?", "原作的行為是什麼樣子？"),
  near: both(
    "The lab rebuilds the course's servers with their faults; the playground does not start them. Here are their two shapes without the faults: one thread (user-echo-server) and a pool (kecho), with 200 clients and messages of 512 bytes.",
    "實驗重建了課程的伺服器及其錯誤；這裡不啟動它們。這裡是它們去除錯誤後的兩種形式：單一執行緒（user-echo-server）與 pool（kecho），200 個用戶端、512 位元組的訊息。",
  ),
  look: [
    both("Latency: the height of the cloud in the reports' plots.", "延遲：報告圖中點雲的高度。"),
    both("CPU time per message.", "每則訊息的 CPU 時間。"),
  ],
  predict: {
    question: both(
      "Which of the two has the lower median latency?",
      "兩者之中，哪一個的延遲中位數較低？",
    ),
    choices: [
      {
        id: "single",
        text: both("one thread", "單一執行緒"),
        holds: ([single, pool]) => within(ratio(pool?.p50Us, single?.p50Us), 1.15, Infinity),
      },
      {
        id: "same",
        text: both("neither: they differ by less than 15 %", "都不是：相差不到 15%"),
        holds: ([single, pool]) => within(ratio(pool?.p50Us, single?.p50Us), 1 / 1.15, 1.15),
      },
      {
        id: "pool",
        text: both("the pool", "pool"),
        holds: ([single, pool]) => within(ratio(pool?.p50Us, single?.p50Us), 0, 1 / 1.15),
      },
    ],
  },
  steps: (["single", "shared-pool"] as const).map((model) => ({
    label: model === "single" ? both("one thread", "單一執行緒") : both("pool", "pool"),
    server: { engine: "epoll" as const, model, bufferBytes: 512 },
    load: { clients: 200, messageBytes: 512, durationMs: 2500 },
  })),
  figures: ["perSecond", "p50Us", "p99Us", "cpuUsPerMessage", "errors"],
  meaning: both(
    "In the reports kecho is far faster than user-echo-server: it copies nothing into user space and no process has to be scheduled. In user space both servers pay for that, so only the pool's price remains: waking a thread for a message that takes a few microseconds.",
    "報告中的 kecho 遠比 user-echo-server 快：它不必把資料複製到使用者空間，也不必排程行程。在使用者空間，兩者都要付出這些代價，pool 就只剩下它的成本：為一則只花幾微秒的訊息喚醒執行緒。",
  ),
};
