/** The format of a connection's trace: plain data, JSON. */

/** A step of a connection. */
export interface TraceStep {
  /** Time since the connection was accepted, in us. */
  atUs: number;
  /**
   * `event`: an event of the connection. `want`: what it wants after that. `call`: a system call.
   * `operation`: a submission to io_uring or a completion, which is not a call of its own.
   */
  kind: "event" | "want" | "call" | "operation";
  /** `received`, `sent`, `Receive`, `recv(2)`. */
  name: string;
  /** The returned value, or the number of bytes; -1 for a call that failed. */
  value?: number;
  /** The arguments of a call or an operation. */
  detail?: string;
  /** The name of the error: `EAGAIN`. */
  error?: string;
  /** How long a call took, in us. */
  tookUs?: number;
  /** The content of the connection's block then; absent: unchanged. */
  block?: TraceBlock;
}

/** A connection's block at one moment. */
export interface TraceBlock {
  /** Received bytes that are still there, in base64. */
  input: string;
  /** Offsets into `input`: how far the parser has read, and how much is consumed. */
  scanned: number;
  consumed: number;
  /**
   * What the connection is doing: `idle`, `head`, `content`, `working`, `sending`, `lingering`,
   * `closed`.
   */
  phase: string;
  /** Where the parser is: `start`, `first line`, `fields` and so on. */
  parser?: string;
  /** Waiting output, in base64. */
  output: string;
}

/** A connection from its acceptance to its end. */
export interface ConnectionTrace {
  steps: TraceStep[];
  /** Whether there were more steps than are kept. */
  isCut?: boolean;
}
