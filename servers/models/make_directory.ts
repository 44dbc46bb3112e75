/**
 * Makes the resource for `--dir`: apart from other resources because it needs much to be loaded.
 */
import { RemoteCompressor } from "../files/compression/remote_compressor.ts";
import { copiesBytes, type HttpServiceOptions, keptBytes } from "./options.ts";
import type { Resource } from "../http/resource.ts";
import { DirectoryResource } from "../files/directory.ts";
import type { Compressor } from "../files/compress.ts";

/** What a directory's resource is made of besides its options. */
interface DirectoryParts {
  /** Another thread has the sockets: what takes long to send is handed over to it. */
  handsOver?: boolean;
  /** Where compressed copies are made: here, or at the other end of a port. */
  compressors?: Compressor | MessagePort | null;
  /** Takes whole lines about faults of the disk; must not wait. */
  print: (lines: string) => void;
}

/** The resource for the directory of `options`. @throws a system error when it cannot be read */
export function makeDirectory(
  options: HttpServiceOptions,
  { handsOver, compressors, print }: DirectoryParts,
): Resource {
  const compressor = compressors instanceof MessagePort
    ? new RemoteCompressor(compressors, copiesBytes(options))
    : compressors ?? undefined;
  return new DirectoryResource(
    { ...options.directory!, ...keptBytes(options) },
    { handsOver, compressor, print },
  );
}
