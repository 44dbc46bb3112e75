import { both, ratio, type Story, within } from "../story.ts";

const IDLE = 1000;

/** Idle connections, and the timer that closes them. */
export const timeouts: Story = {
  lab: "timeouts",
  question: both(
    "Does the idle timer really close connections, and what does it cost?",
    "閒置計時器真的會關閉連線嗎？代價是什麼？",
  ),
  near: both(
    "The lab also has clients that send heads slowly, and slow connections; add slow clients on the left to see them.",
    "實驗另有緩慢送出標頭的連線與緩慢的連線；可在左側加入緩慢的用戶端來觀察。",
  ),
  look: [
    both(
      "Cells of idle connections: the time until their timeout.",
      "閒置連線的格子：距離逾時的時間。",
    ),
    both(
      "In the third step they all disappear after a second.",
      "在第三步，它們在一秒後全部消失。",
    ),
  ],
  predict: {
    question: both(
      "8 clients are busy. How many of their requests per second do they lose when there are 1,000 idle connections as well?",
      "8 個用戶端忙碌。若另有 1,000 條閒置連線，它們每秒會損失多少請求？",
    ),
    choices: [
      {
        id: "nothing",
        text: both("nothing, or nearly", "沒有，或幾乎沒有"),
        holds: ([none, idle]) => within(ratio(idle?.perSecond, none?.perSecond), 0.93, Infinity),
      },
      {
        id: "tenth",
        text: both("about a tenth", "約十分之一"),
        holds: ([none, idle]) => within(ratio(idle?.perSecond, none?.perSecond), 0.7, 0.93),
      },
      {
        id: "half",
        text: both("about half", "約一半"),
        holds: ([none, idle]) => within(ratio(idle?.perSecond, none?.perSecond), 0, 0.7),
      },
    ],
  },
  steps: [
    {
      label: both("no idle connections", "沒有閒置連線"),
      server: { service: "http", engine: "epoll", model: "single", idleTimeoutMs: 0 },
      load: { clients: 8, durationMs: 2500 },
    },
    {
      label: both(`${IDLE} idle, no timer`, `閒置 ${IDLE} 條，沒有計時器`),
      server: { service: "http", engine: "epoll", model: "single", idleTimeoutMs: 0 },
      load: { clients: 8, silentClients: IDLE, durationMs: 2500 },
    },
    {
      label: both(`${IDLE} idle, timer 1 s`, `閒置 ${IDLE} 條，計時器 1 秒`),
      server: { service: "http", engine: "epoll", model: "single", idleTimeoutMs: 1000 },
      load: { clients: 8, silentClients: IDLE, durationMs: 3000 },
    },
  ],
  figures: ["perSecond", "p99Us", "heldClosed", "firstClosedUs"],
  meaning: both(
    "With epoll a connection that is idle costs memory and nothing else. The timer never closes one early, and at most a tick (250 ms) late. khttpd does the same with mod_timer at each request.",
    "使用 epoll 時，閒置的連線只花記憶體。計時器絕不會提早關閉，最多晚一個 tick（250 ms）。khttpd 以每個請求一次 mod_timer 做同樣的事。",
  ),
};
