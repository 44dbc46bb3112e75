import { both, type Story, within } from "../story.ts";

/** The accept queue overflows. */
export const backlog: Story = {
  lab: "backlog",
  question: both(
    "When does the accept queue overflow, and what does that do to clients?",
    "accept 佇列何時溢位？溢位時用戶端會看到什麼？",
  ),
  near: both(
    "The lab stops its server with SIGSTOP. Here the server stops accepting by itself: it has max connections 4, and the connections stay open.",
    "實驗以 SIGSTOP 讓伺服器停住。這裡則是伺服器自己停止接受：連線上限為 4，而且連線一直開著。",
  ),
  look: [
    both(
      "Accept queue against backlog: how long does it get?",
      "accept 佇列與 backlog 相比：它會有多長？",
    ),
    both(
      "SYN retransmissions: clients that found no room try again after a second.",
      "SYN 重傳：擠不進去的用戶端一秒後再試一次。",
    ),
  ],
  predict: {
    question: both(
      "20 clients connect; 4 are accepted. The backlog is 4. At most how many connections wait in the accept queue?",
      "20 個用戶端連線，4 個被接受，backlog 為 4。accept 佇列裡最多有幾條連線在等？",
    ),
    choices: [
      {
        id: "backlog",
        text: both("4: the backlog", "4：等於 backlog"),
        holds: ([small]) => small?.acceptQueue === 4,
      },
      {
        id: "one-more",
        text: both("5: one more than the backlog", "5：比 backlog 多一條"),
        holds: ([small]) => small?.acceptQueue === 5,
      },
      {
        id: "all",
        text: both("16: all that were not accepted", "16：所有未被接受的連線"),
        holds: ([small]) => within(small?.acceptQueue, 6, Infinity),
      },
    ],
  },
  steps: [4, 32].map((size) => ({
    label: both(`backlog ${size}`, `backlog ${size}`),
    server: {
      service: "http" as const,
      model: "single" as const,
      maxConnections: 4,
      backlog: size,
      idleTimeoutMs: 0,
    },
    load: { clients: 20, durationMs: 3000 },
  })),
  figures: ["acceptQueue", "synRetransmits", "listenOverflows", "connectMaxUs"],
  meaning: both(
    "The kernel compares the queue's length with > and not with ≥: one connection more than the backlog gets in. A client that finds no room hears nothing, and sends its SYN again after a second. With backlog 32 all fit, and nothing is sent twice.",
    "核心以 > 而非 ≥ 比較佇列的長度：能進去的比 backlog 多一條。擠不進去的用戶端什麼也收不到，一秒後再送一次 SYN。backlog 為 32 時全部容得下，沒有東西需要重送。",
  ),
};
