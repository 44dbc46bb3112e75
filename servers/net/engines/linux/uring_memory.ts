/**
 * The buffers that io_uring receives into, behind the blocks of the core's memory: copying within
 * one memory is the cheapest.
 */

/** Buffers of a thread: a power of two. */
export const BUFFERS = 512;

/** Bytes of a buffer: a request with its fields; longer ones take several. */
export const BUFFER_BYTES = 4096;

/** What a core has to reserve for them. */
export const URING_BYTES = BUFFERS * BUFFER_BYTES;
