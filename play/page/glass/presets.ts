/** Runs to begin with: what is sent, and where it is cut. */
import type { ServiceName } from "../../protocol.ts";
import type { Cuts } from "../bytes/cuts.ts";

/** A run. */
export interface Preset {
  service: ServiceName;
  /** Each character is a byte. */
  text: string;
  cuts: Cuts;
  /** For echo. */
  bufferBytes: number;
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const BUFFER = { bufferBytes: 4096 };

export const PRESETS = {
  "split": {
    service: "echo",
    text: "A message of 45 bytes, longer than the buffer",
    cuts: [],
    bufferBytes: 20,
  },
  "two-messages": { service: "echo", text: "hello|and again", cuts: [6], bufferBytes: 20 },
  "three-parts": { service: "http", text: GET, cuts: [8, 22], ...BUFFER },
  "every-byte": {
    service: "http",
    text: GET,
    cuts: Array.from(GET.slice(1), (_, i) => i + 1),
    ...BUFFER,
  },
  "pipelined": { service: "http", text: GET + GET + GET, cuts: [], ...BUFFER },
  "keep-alive": { service: "http", text: GET + GET, cuts: [GET.length], ...BUFFER },
  "content": {
    service: "http",
    text: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    cuts: [57, 62],
    ...BUFFER,
  },
  "refused": { service: "http", text: "GET / HTTP/1.1\r\nHost : a\r\n\r\n", cuts: [21], ...BUFFER },
  "unfinished": { service: "http", text: "GET / HTTP/1.1\r\nHo", cuts: [], ...BUFFER },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof PRESETS;
