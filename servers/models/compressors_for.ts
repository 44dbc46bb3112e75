/** The compressors of a server, where it compresses. */
import { compresses, copiesBytes, type ServerOptions } from "./options.ts";
import {
  CompressorPool,
  type CompressorPoolOptions,
} from "../files/compression/compressor_pool.ts";

/**
 * The compressors that `options` ask for, if they do. `--cache` stands in `options` for all threads
 * together.
 *
 * @param limits.maxWaiting answers that wait for copies at the same time
 */
export function compressorsFor(
  { service }: ServerOptions,
  limits: Pick<CompressorPoolOptions, "maxWaiting"> = {},
): CompressorPool | undefined {
  if (!compresses(service)) return undefined;
  return new CompressorPool({ cacheBytes: copiesBytes(service), ...limits });
}
