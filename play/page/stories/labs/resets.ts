import { both, type Story, within } from "../story.ts";

/** A backlog that is too short, and errors that it does not cause. */
export const resets: Story = {
  lab: "resets",
  question: both("Where do socket errors come from?", "socket error 是從哪裡來的？"),
  near: both(
    "The lab plays both ends of connections to make each kind of reset. The playground has no such faulty peers; this is the lab's last table: does a backlog that is too short cause errors?",
    "實驗扮演連線的兩端，以造出每一種 reset。這裡沒有那樣的錯誤對象；這是實驗的最後一張表格：太短的 backlog 會造成錯誤嗎？",
  ),
  look: [
    both("Overflows of the accept queue.", "accept 佇列的溢位。"),
    both("The slowest connect, and errors by kind.", "最慢的 connect，以及各類錯誤。"),
  ],
  predict: {
    question: both(
      "64 clients open a connection for each request, and the backlog is 2. What do they see?",
      "64 個用戶端為每個請求開一條連線，backlog 為 2。它們會看到什麼？",
    ),
    choices: [
      {
        id: "errors",
        text: both("errors", "錯誤"),
        holds: ([short]) => within(short?.errors, 1, Infinity),
      },
      {
        id: "late",
        text: both(
          "no errors, but connects that take a second or more",
          "沒有錯誤，但有些 connect 要一秒以上",
        ),
        holds: ([short]) => short?.errors === 0 && within(short.connectMaxUs, 900_000, Infinity),
      },
      {
        id: "neither",
        text: both("neither", "兩者都沒有"),
        holds: ([short]) => short?.errors === 0 && within(short.connectMaxUs, 0, 900_000),
      },
    ],
  },
  steps: [2, 1024].map((backlog) => ({
    label: both(`backlog ${backlog}`, `backlog ${backlog}`),
    server: { service: "http" as const, model: "single" as const, backlog },
    load: { clients: 64, isKeepAlive: false, durationMs: 4000 },
  })),
  figures: ["perSecond", "errors", "connectMaxUs", "listenOverflows", "synRetransmits"],
  meaning: both(
    "Linux drops a SYN that finds no room, and says nothing: the client sends it again after a second. So a short backlog causes late connects but no errors, unless tcp_abort_on_overflow is 1. A report of the course had 864 socket errors; their likelier cause was a server that closed with unread bytes.",
    "Linux 丟棄擠不進去的 SYN，而且不作聲：用戶端一秒後再送一次。因此太短的 backlog 造成的是遲來的 connect，而不是錯誤，除非 tcp_abort_on_overflow 為 1。課程的一份報告有 864 個 socket error；較可能的原因是伺服器在還有位元組未讀時就關閉。",
  ),
};
