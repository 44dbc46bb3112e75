import { both, ratio, type Story, within } from "../story.ts";

const ACTIVE = 4;

/** What it costs to ask which sockets are ready. */
export const multiplex: Story = {
  lab: "multiplex",
  question: both(
    "What does it cost to ask which sockets are ready?",
    "詢問哪些 socket 已就緒，要付出什麼成本？",
  ),
  near: both(
    "The lab goes up to 10,000 idle connections and also measures select and io_uring; you can set them up on the left.",
    "實驗用到 10,000 條閒置連線，也量測 select 與 io_uring；這些都可以在左側自行設定。",
  ),
  look: [
    both("Messages per second, and CPU time per message.", "每秒訊息數，以及每則訊息的 CPU 時間。"),
    both(
      "System calls per message: they hardly change.",
      "每則訊息的系統呼叫：幾乎沒有改變。",
    ),
  ],
  predict: {
    question: both(
      "4 clients are busy. Beside them 1,000 connections are idle. What share of its messages per second does poll keep?",
      "4 個用戶端忙碌，旁邊有 1,000 條閒置連線。poll 的每秒訊息數還剩多少？",
    ),
    choices: [
      {
        id: "all",
        text: both("more than 80 %", "80% 以上"),
        holds: ([none, idle]) => within(ratio(idle?.perSecond, none?.perSecond), 0.8, Infinity),
      },
      {
        id: "half",
        text: both("40 to 80 %", "40% 到 80%"),
        holds: ([none, idle]) => within(ratio(idle?.perSecond, none?.perSecond), 0.4, 0.8),
      },
      {
        id: "little",
        text: both("less than 40 %", "不到 40%"),
        holds: ([none, idle]) => within(ratio(idle?.perSecond, none?.perSecond), 0, 0.4),
      },
    ],
  },
  steps: (["poll", "epoll"] as const).flatMap((engine) =>
    [0, 1000].map((silentClients) => ({
      label: both(`${engine}, ${silentClients} idle`, `${engine}，閒置 ${silentClients} 條`),
      server: { engine, model: "single" as const, idleTimeoutMs: 0 },
      load: { clients: ACTIVE, silentClients, durationMs: 2500 },
    }))
  ),
  figures: ["perSecond", "p50Us", "cpuUsPerMessage", "callsPerMessage", "eventsPerWait"],
  meaning: both(
    "With poll the kernel looks at every descriptor in each call, idle ones included. epoll keeps a list of those that are ready, so idle connections cost nothing. The number of calls is the same; what one call has to do is not.",
    "使用 poll 時，核心在每次呼叫都要檢查每個描述子，包括閒置的。epoll 保存一份已就緒者的清單，因此閒置連線不花成本。呼叫的次數相同，不同的是一次呼叫要做的事。",
  ),
};
