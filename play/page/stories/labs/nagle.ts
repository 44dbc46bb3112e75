import { both, type Story, within } from "../story.ts";

const VARIANTS = [
  { writes: 1, sending: "nodelay" },
  { writes: 2, sending: "nagle" },
  { writes: 2, sending: "nodelay" },
  { writes: 2, sending: "cork" },
] as const;

/** An answer in several writes. */
export const nagle: Story = {
  lab: "nagle",
  question: both(
    "Why is a server slow that sends an answer in several writes?",
    "以數次寫入送出一個回應的伺服器為什麼慢？",
  ),
  look: [
    both("p50: 40 ms is the delayed ACK.", "p50：40 ms 就是延遲 ACK。"),
    both("CPU: the slow server does nothing.", "CPU：慢的伺服器什麼也沒做。"),
  ],
  predict: {
    question: both(
      "One client, one connection, answers in 2 writes, Nagle's algorithm. How many requests per second?",
      "一個用戶端、一條連線、回應分 2 次寫入、使用 Nagle 演算法。每秒有多少請求？",
    ),
    choices: [
      {
        id: "thousands",
        text: both("thousands", "數千"),
        holds: ({ 1: nagle }) => within(nagle?.perSecond, 1000, Infinity),
      },
      {
        id: "hundreds",
        text: both("hundreds", "數百"),
        holds: ({ 1: nagle }) => within(nagle?.perSecond, 100, 1000),
      },
      {
        id: "few",
        text: both("less than 100", "不到 100"),
        holds: ({ 1: nagle }) => within(nagle?.perSecond, 0, 100),
      },
    ],
  },
  steps: VARIANTS.map(({ writes, sending }) => ({
    label: both(`${writes} × ${sending}`, `${writes} × ${sending}`),
    server: {
      service: "http" as const,
      engine: "epoll" as const,
      model: "single" as const,
      writes,
      sending,
    },
    load: { clients: 1, durationMs: 2000 },
  })),
  figures: ["perSecond", "p50Us", "cpuUsPerMessage", "callsPerMessage"],
  meaning: both(
    "Nagle's algorithm sends the first small segment and holds the second back until the first is acknowledged. The client has nothing to send, and delays its ACK by 40 ms. TCP_NODELAY sends both at once; TCP_CORK makes one segment of them.",
    "Nagle 演算法送出第一個小 segment，並扣住第二個，直到第一個被確認。用戶端沒有東西要送，於是把 ACK 延遲 40 ms。TCP_NODELAY 立刻送出兩者；TCP_CORK 把它們合成一個 segment。",
  ),
};
