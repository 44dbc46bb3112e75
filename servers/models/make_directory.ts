/**
 * Makes the resource for `--dir`. Only threads that serve files import this file, because it loads
 * most of the modules of `servers/files/`, which takes 50 ms at the start.
 *
 * That is why each model has two Worker entries, and why entries are small: each Worker loads all
 * that its entry imports before it runs its first item, and a model may create a Worker for each
 * connection. The entry `…_files_worker.ts` imports this file; the other one does not, not even on
 * demand, as an import that is never run still costs a Worker 7 ms. The main thread starts only once
 * and imports it on demand.
 */
import { RemoteCompressor } from "../files/compression/remote_compressor.ts";
import type { HttpServiceOptions } from "./options.ts";
import type { ThreadMemory } from "./memory_budget.ts";
import type { RequestFigures } from "../http/request_figures.ts";
import type { Resource } from "../http/resource.ts";
import { DirectoryResource } from "../files/directory.ts";
import type { CompressorPool } from "../files/compression/compressor_pool.ts";

/** What a directory's resource needs besides its options. */
interface DirectoryParts {
  /** Another thread has the sockets: streamed content is handed over to it. */
  handsOver?: boolean;
  /**
   * Where copies are compressed, large files hashed and passwords checked: in this pool, or at the
   * other end of this port.
   */
  compressors?: CompressorPool | MessagePort | null;
  memory: ThreadMemory;
  /** Counts cache hits and misses. */
  figures?: RequestFigures;
  /** Called with whole lines about faults of the disk; must not block. */
  print: (lines: string) => void;
}

/** The resource for the directory of `options`. @throws a system error when it cannot be read */
export function makeDirectory(
  options: HttpServiceOptions,
  { handsOver, compressors, memory, print, figures }: DirectoryParts,
): Resource {
  const compressor = compressors instanceof MessagePort
    ? new RemoteCompressor(compressors, memory.copiesBytes)
    : compressors ?? undefined;
  const { filesBytes, memoBytes } = memory;
  return new DirectoryResource(options.directory!, {
    handsOver,
    compressor,
    tags: compressor,
    judge: compressor,
    filesBytes,
    memoBytes,
    print,
    figures,
  });
}
