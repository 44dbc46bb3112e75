/** The figures that experiments measure, with label, unit, and which direction is better. */
import type { Spread } from "../stats/spread.ts";
import { formatBytes, formatCount, formatLatency, formatRange } from "../../system/units.ts";

/** How a figure is formatted and drawn. */
export type FigureKind = "rate" | "count" | "latency" | "bytes" | "ns";

/** The description of a figure. */
export interface Figure {
  /** Its label in the header of a table. */
  label: string;
  kind: FigureKind;
  /** Which of two values is better; absent: neither. */
  better?: "more" | "less";
  /**
   * What it is about: if a group has many figures, each subject gets a table of its own; default
   * `load`.
   */
  subject?: Subject;
}

/** Subjects of figures, in the order of their tables. */
export const SUBJECTS = ["load", "connections", "kernel", "CPU"] as const;

/** A subject of figures. */
export type Subject = (typeof SUBJECTS)[number];

/** All figures, in the order in which tables show them. */
export const FIGURES = {
  requestsPerSecond: { label: "requests/s", kind: "rate", better: "more" },
  messagesPerSecond: { label: "messages/s", kind: "rate", better: "more" },
  bytesPerSecond: { label: "bytes/s", kind: "bytes", better: "more" },
  p50Us: { label: "p50", kind: "latency", better: "less" },
  p99Us: { label: "p99", kind: "latency", better: "less" },
  connectP50Us: { label: "connect p50", kind: "latency", better: "less" },
  connectMaxUs: { label: "connect max", kind: "latency", better: "less" },
  lateConnects: { label: "connects ≥ 0.9 s", kind: "count", better: "less" },
  queueLength: { label: "queue (Recv-Q)", kind: "count", subject: "connections" },
  queueLimit: { label: "backlog (Send-Q)", kind: "count", subject: "connections" },
  overflows: { label: "overflows", kind: "count", better: "less", subject: "kernel" },
  synRetransmits: { label: "SYN retransmits", kind: "count", better: "less", subject: "kernel" },
  piecesPerMessage: { label: "pieces/message", kind: "count" },
  lostBytes: { label: "bytes lost", kind: "count", better: "less" },
  segmentsPerRequest: { label: "segments/request", kind: "count", better: "less" },
  delayedAcksPerRequest: { label: "delayed ACKs/request", kind: "count", better: "less" },
  connections: { label: "connections", kind: "count", subject: "connections" },
  wholeAnswers: { label: "whole answers", kind: "count", subject: "connections" },
  clientResets: { label: "client: ECONNRESET", kind: "count", subject: "connections" },
  clientPipes: { label: "client: EPIPE", kind: "count", subject: "connections" },
  clientRefused: { label: "client: ECONNREFUSED", kind: "count", subject: "connections" },
  unanswered: { label: "client: no answer", kind: "count", subject: "connections" },
  serverResets: { label: "server: ECONNRESET", kind: "count", subject: "connections" },
  resetsSent: { label: "OutRsts", kind: "count", subject: "kernel" },
  abortsOnClose: { label: "TCPAbortOnClose", kind: "count", subject: "kernel" },
  abortsOnData: { label: "TCPAbortOnData", kind: "count", subject: "kernel" },
  timeWaitLeft: { label: "TIME-WAIT left", kind: "count", better: "less", subject: "connections" },
  timeWaitPerRequest: {
    label: "TIME-WAIT/request",
    kind: "count",
    better: "less",
    subject: "connections",
  },
  closed: { label: "closed", kind: "count", subject: "connections" },
  open: { label: "still open", kind: "count", subject: "connections" },
  slowOpen: { label: "slow ones open", kind: "count", subject: "connections" },
  closeMinUs: { label: "closed after, min", kind: "latency", subject: "connections" },
  closeP50Us: { label: "p50 of closing", kind: "latency", subject: "connections" },
  closeMaxUs: { label: "max of closing", kind: "latency", subject: "connections" },
  cpuUsPerRequest: { label: "CPU/request", kind: "latency", better: "less", subject: "CPU" },
  userUsPerRequest: { label: "in user mode", kind: "latency", better: "less", subject: "CPU" },
  systemUsPerRequest: { label: "in the kernel", kind: "latency", better: "less", subject: "CPU" },
  cpuUsPerMessage: { label: "CPU/message", kind: "latency", better: "less", subject: "CPU" },
  parseNs: { label: "ns/request", kind: "ns", better: "less" },
  syscallsPerRequest: {
    label: "system calls/request",
    kind: "count",
    better: "less",
    subject: "CPU",
  },
  smallPerSecond: { label: "small requests/s", kind: "rate", better: "more" },
  smallP50Us: { label: "p50 of small ones", kind: "latency", better: "less" },
  smallP99Us: { label: "p99 of small ones", kind: "latency", better: "less" },
  endP50Us: { label: "ended after, p50", kind: "latency", better: "less" },
  endMaxUs: { label: "ended after, max", kind: "latency", better: "less" },
  roundTripUs: { label: "there and back", kind: "latency", better: "less" },
  totalUs: { label: "done after", kind: "latency", better: "less" },
  itemsEnded: { label: "ended by then", kind: "count" },
  itemsLeft: { label: "left", kind: "count" },
  mostAtOnce: { label: "most at once", kind: "count" },
  outOfOrder: { label: "out of order", kind: "count", better: "less" },
  rescued: { label: "by the rescuer", kind: "count" },
  deadlocks: { label: "deadlocks", kind: "count", better: "less" },
  threads: { label: "threads", kind: "count", better: "less" },
  createUs: { label: "until it runs", kind: "latency", better: "less" },
  memoryBytes: { label: "memory each", kind: "bytes", better: "less" },
  answered: { label: "answered", kind: "count", better: "more" },
  cutOff: { label: "cut off", kind: "count", better: "less" },
  resets: { label: "resets", kind: "count", better: "less" },
  idleEnded: { label: "idle ones closed", kind: "count" },
  refused: { label: "refused", kind: "count" },
  refusedAfterUs: { label: "refuses new ones after", kind: "latency", better: "less" },
  goneUs: { label: "server gone after", kind: "latency", better: "less" },
  syscallsPerMessage: {
    label: "system calls/message",
    kind: "count",
    better: "less",
    subject: "CPU",
  },
  hung: { label: "hung", kind: "count", better: "less" },
  bytesBack: { label: "bytes back", kind: "count" },
  bytesAfterFin: { label: "more after the FIN", kind: "count" },
  threadsWoken: { label: "threads woken", kind: "count", better: "less" },
  served: { label: "served", kind: "count", better: "more" },
  clientsLost: { label: "other clients lost", kind: "count", better: "less" },
  failed: { label: "failed", kind: "count", better: "less" },
} as const satisfies Record<string, Figure>;

/** The key of a figure in JSON documents. */
export type FigureKey = keyof typeof FIGURES;

/** Measured values by figure. */
export type FigureValues = Partial<Record<FigureKey, number>>;

/** The description of `key`. */
export function figureOf(key: FigureKey): Figure {
  return FIGURES[key];
}

/** Formats `value` of figure `key`, with its unit unless the label has it. */
export function formatFigure(key: FigureKey, value: number): string {
  const { kind } = figureOf(key);
  if (kind === "latency") return formatLatency(value);
  if (kind === "bytes") return formatBytes(value);
  if (kind === "ns") return `${formatCount(value)} ns`;
  // Small counts per request need their decimals; a rate or a large count does not.
  return value > 0 && value < 10 ? String(Number(value.toPrecision(3))) : formatCount(value);
}

/** The range of the repetitions of figure `key`, as `64–65.2 µs`; empty if it tells nothing. */
export function formatSpread(key: FigureKey, { low, high }: Spread): string {
  const { kind } = figureOf(key);
  const range = formatRange(kind === "rate" || kind === "ns" ? "count" : kind, low, high);
  return range && kind === "ns" ? `${range} ns` : range;
}
