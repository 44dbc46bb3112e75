/**
 * Makes the resource for `--dir`: apart from other resources because it needs much to be loaded.
 */
import { RemoteCompressor } from "../files/compression/remote_compressor.ts";
import type { HttpServiceOptions } from "./options.ts";
import type { ThreadMemory } from "./memory_budget.ts";
import type { Resource } from "../http/resource.ts";
import { DirectoryResource } from "../files/directory.ts";
import type { Compressor } from "../files/compress.ts";

/** What a directory's resource is made of besides its options. */
interface DirectoryParts {
  /** Another thread has the sockets: what takes long to send is handed over to it. */
  handsOver?: boolean;
  /** Where compressed copies are made: here, or at the other end of a port. */
  compressors?: Compressor | MessagePort | null;
  memory: ThreadMemory;
  /** Takes whole lines about faults of the disk; must not wait. */
  print: (lines: string) => void;
}

/** The resource for the directory of `options`. @throws a system error when it cannot be read */
export function makeDirectory(
  options: HttpServiceOptions,
  { handsOver, compressors, memory, print }: DirectoryParts,
): Resource {
  const compressor = compressors instanceof MessagePort
    ? new RemoteCompressor(compressors, memory.copiesBytes)
    : compressors ?? undefined;
  const { filesBytes, memoBytes } = memory;
  return new DirectoryResource(options.directory!, {
    handsOver,
    compressor,
    filesBytes,
    memoBytes,
    print,
  });
}
