/** How large the core's memory of a server is: what each thread that makes one works out. Pure. */
import { URING_BYTES } from "../net/engines/linux/uring_memory.ts";
import type { ServerOptions } from "./options.ts";

/**
 * Blocks for output besides one a connection. The output of a connection takes no more than one,
 * unless content is set aside or heads are longer than a quarter of a block.
 */
export const OUTPUT_BLOCKS = 64;

/** Blocks of core memory for so many connections. What output takes, it takes from no connection. */
export function blocksFor(maxConnections: number): { blocks: number; outputBlocks: number } {
  const outputBlocks = maxConnections + OUTPUT_BLOCKS;
  return { blocks: maxConnections + outputBlocks, outputBlocks };
}

/** Bytes that a block has to hold besides what the limits need. */
export function inputBytesOf(options: Pick<ServerOptions, "service">): number {
  return options.service.kind === "echo" ? options.service.bufferBytes : 0;
}

/** Memory that the engine of each thread needs besides the blocks. */
export function reservedBytesOf({ engine }: Pick<ServerOptions, "engine">): number {
  return engine.name === "io_uring" ? URING_BYTES : 0;
}
