/**
 * The texts of the report, in every language. An experiment's own texts (set-up, titles of plots,
 * conclusions) are English everywhere and marked as such.
 */
import type { Language } from "../report/language.ts";
import { type FigureKey, figureOf } from "./figures.ts";
import { PARTS_NOTE } from "./tables.ts";

/** The texts of a report in one language. */
export interface ReportTexts {
  title: string;
  /** Explains the figures, after version and date. */
  figures: string;
  navigation: string;
  conclusion: string;
  setup: string;
  measurements: string;
  plots: string;
  environment: string;
  /** The heading of a page's section that is read before the figures. */
  predict: string;
  explanation: string;
  variant: string;
  /** What a screen reader announces before a table's name, and for a block of code. */
  table: string;
  code: string;
  /** The note at the end that the raw data is in the element `data`. */
  data: string;
  unknown: string;
  /** The note below a table whose CPU time is split. */
  parts: string;
  machine(parts: { cpu: string; cores: number; memory: string; kernel: string }): string;
  loadAverage(values: readonly number[]): string;
  duration(seconds: number, isQuick: boolean): string;
  /** Labels of figures that differ from {@linkcode figureOf}. */
  labels: Readonly<Record<string, string>>;
}

/** The texts by language. */
export const REPORT_TEXTS: Record<Language, ReportTexts> = {
  en: {
    title: "ktcp lab report",
    figures:
      "Figures are medians; below each are the lowest and the highest repetition. Whiskers " +
      "in plots show the same range.",
    navigation: "Labs",
    conclusion: "Conclusion",
    setup: "Set-up",
    measurements: "Measurements",
    plots: "Plots",
    environment: "Environment",
    predict: "Predict first",
    explanation: "Explanation",
    variant: "variant",
    table: "Table",
    code: "Code",
    data:
      "The raw data of every repetition stands at the end of this file, as JSON in the element " +
      "<code>data</code>.",
    unknown: "unknown",
    parts: PARTS_NOTE,
    machine: ({ cpu, cores, memory, kernel }) => `${cpu}, ${cores} cores, ${memory}; ${kernel}`,
    loadAverage: (values) => `load average ${values.join(", ")} when it began`,
    duration: (seconds, isQuick) => `${seconds.toFixed(1)} s${isQuick ? ", with --quick" : ""}`,
    labels: {},
  },
  "zh-TW": {
    title: "ktcp lab 實驗報告",
    figures: "數值為中位數；其下方是各次重複的最低與最高值。圖中的鬚線表示同樣的範圍。",
    navigation: "實驗",
    conclusion: "結論",
    setup: "實驗設定",
    measurements: "量測結果",
    plots: "圖表",
    environment: "執行環境",
    predict: "先預測",
    explanation: "說明",
    variant: "組別",
    table: "表格",
    code: "程式碼",
    data: "每一次重複的原始資料都在本檔案結尾，以 JSON 存放於 <code>data</code> 元素。",
    unknown: "不明",
    parts: "每個數值都是各自重複的中位數，所以使用者模式與核心的時間相加不一定等於 CPU 時間。",
    machine: ({ cpu, cores, memory, kernel }) => `${cpu}，${cores} 核心，${memory}；${kernel}`,
    loadAverage: (values) => `開始時的平均負載 ${values.join("、")}`,
    duration: (seconds, isQuick) => `${seconds.toFixed(1)} 秒${isQuick ? "，使用 --quick" : ""}`,
    labels: {
      requestsPerSecond: "請求/秒",
      messagesPerSecond: "訊息/秒",
      bytesPerSecond: "位元組/秒",
      p50Us: "p50",
      p99Us: "p99",
      connectP50Us: "connect p50",
      connectMaxUs: "connect 最大值",
      lateConnects: "connect ≥ 0.9 秒",
      queueLength: "佇列（Recv-Q）",
      queueLimit: "backlog（Send-Q）",
      overflows: "溢位",
      synRetransmits: "SYN 重傳",
      piecesPerMessage: "片段/訊息",
      lostBytes: "遺失位元組",
      timeWaitLeft: "殘留 TIME-WAIT",
      timeWaitPerRequest: "TIME-WAIT/請求",
      closed: "已關閉",
      open: "仍開啟",
      slowOpen: "緩慢但仍開啟",
      closeMinUs: "最早關閉",
      closeP50Us: "關閉的 p50",
      closeMaxUs: "最晚關閉",
      cpuUsPerRequest: "CPU/請求",
      userUsPerRequest: "使用者模式",
      systemUsPerRequest: "核心模式",
      cpuUsPerMessage: "CPU/訊息",
      parseNs: "奈秒/請求",
      syscallsPerRequest: "系統呼叫/請求",
      syscallsPerMessage: "系統呼叫/訊息",
      segmentsPerRequest: "segment/請求",
      delayedAcksPerRequest: "延遲 ACK/請求",
      connections: "連線",
      wholeAnswers: "完整的回應",
      clientResets: "用戶端：ECONNRESET",
      clientPipes: "用戶端：EPIPE",
      clientRefused: "用戶端：ECONNREFUSED",
      unanswered: "用戶端：沒有回應",
      serverResets: "伺服器：ECONNRESET",
      resetsSent: "OutRsts",
      abortsOnClose: "TCPAbortOnClose",
      abortsOnData: "TCPAbortOnData",
      smallPerSecond: "小請求/秒",
      smallP50Us: "小請求的 p50",
      smallP99Us: "小請求的 p99",
      endP50Us: "結束於，p50",
      endMaxUs: "結束於，最大值",
      roundTripUs: "來回",
      totalUs: "全部完成於",
      itemsEnded: "屆時已結束",
      itemsLeft: "剩下",
      mostAtOnce: "同時最多",
      outOfOrder: "順序錯亂",
      rescued: "由 rescuer 執行",
      deadlocks: "死結",
      threads: "執行緒",
      createUs: "到開始執行",
      memoryBytes: "每個的記憶體",
      answered: "已回應",
      cutOff: "被切斷",
      resets: "reset",
      idleEnded: "關閉的閒置連線",
      refused: "被拒絕",
      refusedAfterUs: "開始拒絕新連線於",
      goneUs: "伺服器消失於",
      hung: "卡住",
      bytesBack: "回來的位元組",
      bytesAfterFin: "FIN 之後再來",
      threadsWoken: "被喚醒的執行緒",
      served: "被服務",
      clientsLost: "連帶失去的用戶端",
      failed: "失敗",
    },
  },
};

/** The label of figure `key` in `texts`. */
export function labelIn(texts: ReportTexts, key: FigureKey): string {
  return texts.labels[key] ?? figureOf(key).label;
}
