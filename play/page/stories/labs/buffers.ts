import { both, ratio, type Story, within } from "../story.ts";

/** Messages longer than the buffer. */
export const buffers: Story = {
  lab: "buffers",
  question: both(
    "What happens to messages that are longer than the server's buffer?",
    "訊息比伺服器的緩衝區還長時，會發生什麼事？",
  ),
  near: both(
    "The lab has 1,000 clients; here there are 8.",
    "實驗有 1,000 個用戶端，這裡是 8 個。",
  ),
  look: [
    both("Errors stay at 0: nothing is lost.", "錯誤維持 0：沒有東西遺失。"),
    both(
      "The server counts pieces, the load whole messages.",
      "伺服器計算片段，負載計算完整的訊息。",
    ),
  ],
  predict: {
    question: both(
      "Messages have 20,000 bytes. How many times as many messages per second does a buffer of 64 KiB allow as one of 512 bytes?",
      "訊息為 20,000 位元組。64 KiB 的緩衝區每秒的訊息數是 512 位元組的幾倍？",
    ),
    choices: [
      {
        id: "same",
        text: both("about as many", "大致相同"),
        holds: ({ 0: small, 2: large }) =>
          within(ratio(large?.perSecond, small?.perSecond), 0, 1.5),
      },
      {
        id: "some",
        text: both("1.5 to 5 times", "1.5 到 5 倍"),
        holds: ({ 0: small, 2: large }) =>
          within(ratio(large?.perSecond, small?.perSecond), 1.5, 5),
      },
      {
        id: "many",
        text: both("more than 5 times", "5 倍以上"),
        holds: ({ 0: small, 2: large }) =>
          within(ratio(large?.perSecond, small?.perSecond), 5, Infinity),
      },
    ],
  },
  steps: [512, 4096, 65_536].map((bufferBytes) => ({
    label: both(`buffer ${bufferBytes}`, `緩衝區 ${bufferBytes}`),
    server: { model: "single" as const, bufferBytes },
    load: { clients: 8, messageBytes: 20_000, durationMs: 2000 },
  })),
  figures: ["perSecond", "p50Us", "p99Us", "errors"],
  meaning: both(
    "A message is sent back in pieces no longer than the buffer, and all of it arrives. Each piece costs a read and a write: that is why a small buffer is slow. A buffer larger than the messages gains nothing more.",
    "訊息以不超過緩衝區大小的片段送出，而且全部到達。每個片段要付出一次讀取與一次寫入：小緩衝區慢的原因在此。緩衝區比訊息更大，並不會換來更多。",
  ),
};
