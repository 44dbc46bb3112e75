/** Memory that is shared with the kernel: mmap(2). */
import { libc, SystemError } from "../libc.ts";

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_ANONYMOUS = 0x20;
/** The pages are there before they are used. */
const MAP_POPULATE = 0x8000;

/** Pages of memory from mmap(2), until they are given back. */
export class Mapping {
  readonly buffer: ArrayBuffer;
  readonly address: number;
  readonly #bytes: number;

  /**
   * Takes the permission for FFI.
   *
   * @param source a ring and an offset to map it; without: memory of the process, zeros
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
