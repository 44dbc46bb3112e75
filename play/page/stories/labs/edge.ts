import { both, type Story, within } from "../story.ts";

/** Edge-triggered loops, and the calls that they make. */
export const edge: Story = {
  lab: "edge",
  question: both(
    "Why does an edge-triggered server hang, and when does it not?",
    "邊緣觸發的伺服器為什麼會卡住？什麼時候不會？",
  ),
  near: both(
    "The lab runs the loop of user-echo-server with its fault, which hangs. The playground starts only ktcp's own loop, which is also edge-triggered, and does not hang. What can be seen here is how many system calls that costs.",
    "實驗會執行帶有錯誤、因而卡住的 user-echo-server 迴圈。這裡只能啟動 ktcp 自己的迴圈：同樣是邊緣觸發，但不會卡住。在此看得到的是它為此付出多少系統呼叫。",
  ),
  look: [
    both(
      "System calls per piece, and how many events one wait brings.",
      "每個片段的系統呼叫，以及一次等待帶來多少事件。",
    ),
    both("Errors: a message that hangs would time out.", "錯誤：卡住的訊息會逾時。"),
  ],
  predict: {
    question: both(
      "The buffer has 512 bytes, a message 64. How many system calls does the server make for a message: waits, receives and sends together?",
      "緩衝區為 512 位元組，訊息為 64 位元組。伺服器為一則訊息做幾次系統呼叫（等待、接收與傳送合計）？",
    ),
    choices: [
      {
        id: "one",
        text: both("about 1", "約 1 次"),
        holds: ([short]) => within(short?.callsPerMessage, 0, 1.5),
      },
      {
        id: "two",
        text: both("2 to 3", "2 到 3 次"),
        holds: ([short]) => within(short?.callsPerMessage, 1.5, 3.5),
      },
      {
        id: "more",
        text: both("4 or more", "4 次以上"),
        holds: ([short]) => within(short?.callsPerMessage, 3.5, Infinity),
      },
    ],
  },
  steps: [64, 2000].map((messageBytes) => ({
    label: both(`${messageBytes} bytes`, `${messageBytes} 位元組`),
    server: { engine: "epoll" as const, model: "single" as const, bufferBytes: 512 },
    load: { clients: 4, messageBytes, durationMs: 2000 },
  })),
  figures: ["perSecond", "callsPerMessage", "eventsPerWait", "errors"],
  meaning: both(
    "A wait that finds several sockets ready shares its cost, so there are fewer than three calls. A receive that leaves room in its buffer has taken everything: there is no need for another one that only gets EAGAIN. With 2,000 bytes the loop receives until nothing is left, and no message hangs.",
    "一次等待若發現好幾個就緒的 socket，成本就由它們分攤，因此不到三次呼叫。若接收後緩衝區仍有空間，就表示已經取完，不需要再做一次只得到 EAGAIN 的接收。訊息為 2,000 位元組時，迴圈接收到沒有剩餘為止，沒有訊息會卡住。",
  ),
};
