import { both, ratio, type Story, within } from "../story.ts";

/** A connection for each request. */
export const keepalive: Story = {
  lab: "keepalive",
  question: both(
    "What does a new connection per request cost?",
    "每個請求都開一條新連線，要付出什麼代價？",
  ),
  look: [
    both("TIME-WAIT: it grows by one per request.", "TIME-WAIT：每個請求增加一個。"),
    both("CPU time per request.", "每個請求的 CPU 時間。"),
  ],
  predict: {
    question: both(
      "What share of the requests per second is left when each request opens a connection?",
      "每個請求都開新連線時，每秒請求數還剩多少？",
    ),
    choices: [
      {
        id: "most",
        text: both("more than 70 %", "70% 以上"),
        holds: ([kept, closed]) => within(ratio(closed?.perSecond, kept?.perSecond), 0.7, Infinity),
      },
      {
        id: "half",
        text: both("35 to 70 %", "35% 到 70%"),
        holds: ([kept, closed]) => within(ratio(closed?.perSecond, kept?.perSecond), 0.35, 0.7),
      },
      {
        id: "little",
        text: both("less than 35 %", "不到 35%"),
        holds: ([kept, closed]) => within(ratio(closed?.perSecond, kept?.perSecond), 0, 0.35),
      },
    ],
  },
  steps: [true, false].map((isKeepAlive) => ({
    label: isKeepAlive
      ? both("keep-alive", "keep-alive")
      : both("a connection per request", "每個請求一條連線"),
    server: { service: "http" as const, model: "single" as const },
    load: { clients: 16, isKeepAlive, durationMs: 2500 },
  })),
  figures: ["perSecond", "p50Us", "cpuUsPerMessage", "timeWait"],
  meaning: both(
    "The factor is the price of a connection: handshake, accept, close. Whoever closes first keeps a socket in TIME-WAIT for a minute, so that late segments do not harm a new connection. Over a real network each handshake costs a round trip as well.",
    "這個倍數就是一條連線的價格：交握、accept、關閉。先關閉的一方要把 socket 留在 TIME-WAIT 一分鐘，以免遲到的 segment 傷害新的連線。在真正的網路上，每次交握還要多一個往返。",
  ),
};
