/**
 * Sends a connection's output, in memory or in a file, for drivers that make the calls themselves.
 */
import type { MemoryPointers } from "../../../../system/linux/memory.ts";
import { send, sendBytes } from "../../../../system/linux/socket.ts";
import type { Connection } from "../../connection.ts";
import { peerFault } from "./peer_fault.ts";
import { fileFault, sendFilePart } from "./send_file.ts";

/**
 * Sends all of it, or a part.
 *
 * @param pointers into the core's memory
 * @returns how many bytes were taken, or -errno; 0 for a file that ends before
 */
export function sendOutput(
  socket: number,
  connection: Connection,
  pointers: MemoryPointers,
): number {
  const { outStart } = connection;
  if (outStart >= 0) return send(socket, pointers.at(outStart), connection.outLength, 0);
  if (connection.outFile < 0) return sendBytes(socket, connection.output, 0);
  return sendFilePart(socket, connection);
}

/** The error of a failed send of the output of `connection`. @param result `-errno` */
export function sendFault({ outFile }: Connection, result: number): Error {
  return outFile < 0 ? peerFault("send", result) : fileFault(result);
}
