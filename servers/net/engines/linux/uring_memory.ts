/**
 * The buffers that io_uring receives into. They follow the blocks in the core's memory, because
 * copying within one memory is cheapest.
 */

/** Buffers of a thread; must be a power of two. */
export const BUFFERS = 512;

/** Bytes of a buffer: enough for a typical request with its fields; longer ones take several. */
export const BUFFER_BYTES = 4096;

/** Bytes that a core has to reserve for them. */
export const URING_BYTES = BUFFERS * BUFFER_BYTES;
