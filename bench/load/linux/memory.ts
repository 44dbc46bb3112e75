/** Memory that the sockets of a Linux engine use; none of it may move. */
export interface EngineMemory {
  /** All memory that sockets are read into. */
  input: Uint8Array<ArrayBufferLike>;
  /** All memory that is written to sockets; may be the same. */
  output: Uint8Array<ArrayBufferLike>;
}
