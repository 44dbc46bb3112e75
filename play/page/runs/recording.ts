/** A run as a file. */
import { MAX_RECORDED_CPUS } from "../../limits.ts";
import type { Frame, Recording } from "../../protocol.ts";
import { readSetup, SetupError } from "../../setup.ts";

/** A file is not a recording; the message says why. */
export class RecordingError extends Error {
  override name = "RecordingError";
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isFrame(value: unknown): value is Frame {
  return isRecord(value) && Number.isFinite(value.atMs) &&
    Array.isArray(value.servers) &&
    value.servers.every((server) =>
      isRecord(server) && typeof server.id === "string" && isRecord(server.setup)
    ) &&
    Array.isArray(value.loads) &&
    value.loads.every((load) =>
      isRecord(load) && typeof load.serverId === "string" && Array.isArray(load.samples)
    );
}

/** Reads a file that was saved. @throws {RecordingError} when it is something else */
export function readRecording(text: string): Recording {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RecordingError("it is not JSON");
  }
  if (!isRecord(value) || value.format !== "ktcp-play-1") {
    throw new RecordingError('it has no "format": "ktcp-play-1"');
  }
  if (!isRecord(value.machine) || typeof value.savedAt !== "string") {
    throw new RecordingError("machine or savedAt is missing");
  }
  if (!Array.isArray(value.frames) || value.frames.length === 0) {
    throw new RecordingError("it has no frames");
  }
  const faulty = value.frames.findIndex((frame) => !isFrame(frame));
  if (faulty >= 0) throw new RecordingError(`frames[${faulty}] is not a frame`);
  try {
    readSetup(value.setup, MAX_RECORDED_CPUS);
  } catch (error) {
    if (error instanceof SetupError) throw new RecordingError(`setup: ${error.message}`);
    throw error;
  }
  return value as unknown as Recording;
}
