/**
 * The servers that this playground is modelled on, rebuilt over the same system calls with their
 * faults, for the labs, which show the effect of each fault. Do not use them as servers.
 */

/** The faults, each of which can be switched on alone. */
export const FAULTS = ["pad", "receive-once", "accept-once", "die-on-error", "strlen"] as const;

export type Fault = typeof FAULTS[number];

/** What each fault does, as a part of a sentence. */
export const FAULT_TEXTS: Readonly<Record<Fault, string>> = {
  pad: "answers with its whole buffer, however short the message was",
  "receive-once": "receives once for an event, also where more waits",
  "accept-once": "accepts one connection for an event, also where more wait",
  "die-on-error": "ends the process when a call fails for one connection",
  strlen: "takes the first NUL for the end of the message",
};

/** An original. */
export interface Original {
  /** Its `BUF_SIZE`. */
  bufferBytes: number;
  /** The faults that the C source has. */
  faults: readonly Fault[];
}

/** The originals by name. */
export const ORIGINALS = {
  /** `user-echo-server.c`: one thread, epoll, edge-triggered. It accepts until EAGAIN. */
  "user-echo-server": { bufferBytes: 512, faults: ["pad", "receive-once", "die-on-error"] },
  /**
   * Handles messages like `echo_server.c` of kecho. The module itself has a kernel thread for each
   * connection, and receives and sends inside the kernel, so its speed is not comparable.
   */
  kecho: { bufferBytes: 4095, faults: ["strlen"] },
} as const satisfies Record<string, Original>;

export type OriginalName = keyof typeof ORIGINALS;

/** A server to start. */
export interface OriginalOptions {
  hostname: string;
  /** 0: the system chooses. */
  port: number;
  /** Length of the accept queue; the originals have 128. */
  backlog: number;
  bufferBytes: number;
  trigger: "level" | "edge";
  faults: readonly Fault[];
}

/** Words of the memory in which the server's thread counts. */
export const enum Count {
  Connections,
  Open,
  /** Answers. */
  Served,
  BytesIn,
  BytesOut,
  /** Waits for events. */
  Waits,
  Events,
  /** System calls. */
  Calls,
  Length,
}

/** What is sent to the server's thread. */
export interface OriginalTask {
  options: OriginalOptions;
  /** `Count.Length` doubles, which only the thread writes. */
  counts: SharedArrayBuffer;
}

/** Its answers: that it listens, and possibly later why it has ended. */
export type OriginalMessage = { port: number } | { died: string };
