/** Memory that is shared with the kernel: mmap(2). */
import { libc, SystemError } from "../libc.ts";

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
/** Populates the pages in advance. */
const MAP_POPULATE = 0x8000;

/** Memory from mmap(2), until it is unmapped. */
export class Mapping {
  readonly buffer: ArrayBuffer;
  readonly address: number;
  readonly #bytes: number;

  /**
   * Needs permission for FFI.
   *
   * @param source a ring and the offset at which to map it; default: zeroed memory of the process
   * @throws {SystemError} ENOMEM and others
   */
  constructor(bytes: number, source?: { fd: number; offset: bigint }) {
    const system = libc();
    const { fd, offset } = source ?? { fd: -1, offset: 0n };
    const flags = MAP_POPULATE | (source ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);
    const address = system.calls.mmap(null, BigInt(bytes), PROT_READ_WRITE, flags, fd, offset);
    if (address === -1n) throw new SystemError("mmap", system.errno[0]);
    const pointer = Deno.UnsafePointer.create(address)!;
    this.buffer = Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
    this.address = Number(address);
    this.#bytes = bytes;
  }

  /** munmap(2). No view of `buffer` may be used from now on. */
  unmap(): void {
    libc().calls.munmap(BigInt(this.address), BigInt(this.#bytes));
  }
}
