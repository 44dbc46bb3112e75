/** What a trace of a connection consists of: plain data, JSON. */

/** A step of a connection. */
export interface TraceStep {
  /** In us since the connection was accepted. */
  atUs: number;
  /**
   * `event`: it was told something. `want`: what it wants then. `call`: a system call. `operation`:
   * what io_uring was asked for, or has done, without a call of its own.
   */
  kind: "event" | "want" | "call" | "operation";
  /** `received`, `sent`, `Receive`, `recv(2)`. */
  name: string;
  /** What it returned, or how many bytes it was about; a call that failed: -1. */
  value?: number;
  /** Of a call or an operation: its arguments. */
  detail?: string;
  /** Why it failed: `EAGAIN`. */
  error?: string;
  /** Of a call: how long it took, in us. */
  tookUs?: number;
  /** What stands in the connection's block then; absent: the same as before. */
  block?: TraceBlock;
}

/** A connection's block at one moment. */
export interface TraceBlock {
  /** What was received and stands there still, base64. */
  input: string;
  /** Offsets into `input`: how far the parser has looked, and what is consumed. */
  scanned: number;
  consumed: number;
  /** What the connection does: `idle`, `head`, `content`, `working`, `sending`, `lingering`, `closed`. */
  phase: string;
  /** Where the parser is: `start`, `first line`, `fields` and so on. */
  parser?: string;
  /** Output that waits, base64. */
  output: string;
}

/** A connection from its acceptance to its end. */
export interface ConnectionTrace {
  steps: TraceStep[];
  /** There were more steps than are kept. */
  isCut?: boolean;
}
