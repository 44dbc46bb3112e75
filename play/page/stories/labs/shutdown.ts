import { both, type Story, within } from "../story.ts";

/** A server is told to stop while requests are in flight. */
export const shutdown: Story = {
  lab: "shutdown",
  question: both(
    "What happens to open connections when a server is unloaded?",
    "伺服器被卸載時，開啟中的連線會怎麼樣？",
  ),
  near: both(
    "The lab compares three ways to end a server. The playground has one: SIGTERM, with time to finish. Clients go on sending requests, so they are refused afterwards.",
    "實驗比較結束伺服器的三種方式。這裡只有一種：SIGTERM，並給予收尾的時間。用戶端會繼續詢問，因此之後會被拒絕。",
  ),
  look: [
    both("The state of the server: stopping, then ended.", "伺服器的狀態：停止中，然後結束。"),
    both(
      "Errors by kind: refused, or cut off in the middle?",
      "各類錯誤：被拒絕，還是中途被切斷？",
    ),
  ],
  predict: {
    question: both(
      "Six requests are being worked on (150 ms each), and six connections are idle, when the server is told to stop. How many of the six answers are cut off?",
      "六個請求正在處理（各 150 ms），另有六條閒置連線，這時要求伺服器停止。六個回應中有幾個被切斷？",
    ),
    choices: [
      {
        id: "none",
        text: both("none", "沒有"),
        holds: ([drained]) => drained?.cutOff === 0,
      },
      {
        id: "six",
        text: both("some, up to six", "一些，最多六個"),
        holds: ([drained]) => within(drained?.cutOff, 1, 7),
      },
      {
        id: "more",
        text: both("more than six", "超過六個"),
        holds: ([drained]) => within(drained?.cutOff, 7, Infinity),
      },
    ],
  },
  steps: [
    {
      label: both("stopped after 1 s", "1 秒後停止"),
      server: {
        service: "http",
        model: "shared-pool",
        workUs: 150_000,
        workKind: "block",
        maxActive: 8,
        idleTimeoutMs: 0,
      },
      load: { clients: 6, silentClients: 6, durationMs: 2000 },
      stopAfterMs: 1000,
    },
  ],
  figures: ["answers", "cutOff", "refused", "heldClosed"],
  meaning: both(
    "The listener closes first, so new connects are refused. Requests in flight get their answers, with Connection: close. Idle connections are closed at once. In the kernel, the module's threads have to be told and waited for in the same way, or they go on running in memory that has been freed.",
    "監聽的 socket 最先關閉，因此新的 connect 被拒絕。處理中的請求得到回應，並帶有 Connection: close。閒置的連線立刻被關閉。在核心裡，模組的執行緒也必須以同樣的方式被告知並等待，否則會在已消失的記憶體上繼續執行。",
  ),
};
