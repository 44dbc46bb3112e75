import { both, type Story, within } from "../story.ts";

/** Where the CPU time of a request goes. */
export const cost: Story = {
  lab: "cost",
  question: both("Where does a request's time go?", "一個請求的時間都花到哪裡去了？"),
  near: both(
    "The lab also times the parser alone and 16 requests in one piece, which a load of the playground cannot send. Here the CPU time is split into the kernel's part and the program's.",
    "實驗另外單獨量測剖析器，以及一次送出 16 個請求，這裡的負載做不到。這裡把 CPU 時間分成核心與程式兩部分。",
  ),
  look: [
    both(
      "CPU: the kernel's part, and the program's part.",
      "CPU：核心的部分與程式的部分。",
    ),
    both("System calls per request.", "每個請求的系統呼叫。"),
  ],
  predict: {
    question: both(
      "Small requests on connections that stay open. What share of the server's CPU time is the kernel's?",
      "小請求、持續的連線。伺服器的 CPU 時間有多少是核心所花？",
    ),
    choices: [
      {
        id: "little",
        text: both("less than 30 %", "不到 30%"),
        holds: ([kept]) => within(kept?.kernelShare, 0, 0.3),
      },
      {
        id: "half",
        text: both("30 to 60 %", "30% 到 60%"),
        holds: ([kept]) => within(kept?.kernelShare, 0.3, 0.6),
      },
      {
        id: "most",
        text: both("more than 60 %", "60% 以上"),
        holds: ([kept]) => within(kept?.kernelShare, 0.6, Infinity),
      },
    ],
  },
  steps: [true, false].map((isKeepAlive) => ({
    label: isKeepAlive
      ? both("keep-alive", "keep-alive")
      : both("a connection per request", "每個請求一條連線"),
    server: { service: "http" as const, engine: "epoll" as const, model: "single" as const },
    load: { clients: 16, isKeepAlive, durationMs: 2500 },
  })),
  figures: ["perSecond", "cpuUsPerMessage", "kernelShare", "callsPerMessage"],
  meaning: both(
    "A small request is read, parsed, answered and written: at least two system calls, and they cost more than parsing. So a faster parser can save at most its own share (Amdahl's law).",
    "一個小請求要經過讀取、剖析、回答與寫入：至少兩次系統呼叫，而它們比剖析更重。因此更快的剖析器最多只能省下它自己的那一份（Amdahl 定律）。",
  ),
};
