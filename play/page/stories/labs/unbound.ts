import { both, ratio, type Story, within } from "../story.ts";

/** A bound queue against WQ_UNBOUND. */
export const unbound: Story = {
  lab: "unbound",
  question: both(
    "What does locality buy: a bound queue against WQ_UNBOUND?",
    "區域性能換來什麼：繫結的佇列與 WQ_UNBOUND 之比較",
  ),
  look: [
    both("Lanes of the Workers: who runs the items?", "Worker 的軌道：由誰執行項目？"),
    both("CPU time per message.", "每則訊息的 CPU 時間。"),
  ],
  predict: {
    question: both(
      "Messages of 64 bytes. Which queue echoes more of them?",
      "訊息為 64 位元組。哪一種佇列回送得比較多？",
    ),
    choices: [
      {
        id: "bound",
        text: both("the bound one, by more than a tenth", "繫結的，多出一成以上"),
        holds: ([bound, unbound]) =>
          within(ratio(bound?.perSecond, unbound?.perSecond), 1.1, Infinity),
      },
      {
        id: "equal",
        text: both("about the same", "大致相同"),
        holds: ([bound, unbound]) =>
          within(ratio(bound?.perSecond, unbound?.perSecond), 1 / 1.1, 1.1),
      },
      {
        id: "unbound",
        text: both("the unbound one, by more than a tenth", "未繫結的，多出一成以上"),
        holds: ([bound, unbound]) =>
          within(ratio(bound?.perSecond, unbound?.perSecond), 0, 1 / 1.1),
      },
    ],
  },
  steps: [
    {
      label: both("bound queue", "繫結的佇列"),
      server: { model: "shared-pool", queue: "bound" },
      load: { clients: 16, durationMs: 2500 },
    },
    {
      label: both("WQ_UNBOUND", "WQ_UNBOUND"),
      server: { model: "shared-pool" },
      load: { clients: 16, durationMs: 2500 },
    },
    {
      label: both("no queue (single)", "沒有佇列（single）"),
      server: { model: "single" },
      load: { clients: 16, durationMs: 2500 },
    },
  ],
  figures: ["perSecond", "p50Us", "p99Us", "cpuUsPerMessage"],
  meaning: both(
    "An item of a bound queue waits for the Workers of its core even when another core is idle; an unbound one goes to any. The difference between either of them and no queue is the price of handing over, which for an echo is most of the work.",
    "繫結佇列的項目即使別的核心閒著，也要等自己核心的 Worker；未繫結的則可交給任何一個。兩者與沒有佇列相比，差距就是轉交的代價；對 echo 而言，那占了大部分的工作。",
  ),
};
