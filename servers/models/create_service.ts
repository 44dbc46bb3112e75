/**
 * Makes a service from plain options, on whichever thread it is to run.
 */
import type { Core } from "../../core/mod.ts";
import { AccessLog } from "../http/access_log.ts";
import { withWork, workFunction } from "./message_work.ts";
import type { HttpServiceOptions, ServiceOptions } from "./options.ts";
import type { Resource } from "../http/resource.ts";
import { echoContentResource } from "../http/echo_content.ts";
import { helloResource } from "../http/hello.ts";
import type { Service } from "../net/service.ts";
import type { CompressorPool } from "../files/compression/compressor_pool.ts";
import { NO_MEMORY, type ThreadMemory } from "./memory_budget.ts";
import { EchoService } from "../echo/echo_service.ts";
import { HttpService } from "../http/http_service.ts";
import { RequestFigures } from "../http/request_figures.ts";

/** Makes the resource for `--dir`; see `make_directory.ts`. */
export type MakeDirectory = (
  options: HttpServiceOptions,
  parts: Pick<ServiceParts, "handsOver" | "compressors" | "print"> & {
    memory: ThreadMemory;
    figures?: RequestFigures;
  },
) => Resource;

/** What a service needs besides its options. */
export interface ServiceParts {
  /** Called with whole lines of its log, each with its line feed; must not block. */
  print: (lines: string) => void;
  /**
   * The core's memory is shared with other threads; the owner of the sockets does what has to be
   * done once for all.
   */
  sharesMemory?: boolean;
  /**
   * The threads that share the memory also have the sockets; says whether this one is such a thread
   * or the owner of their pool.
   */
  pool?: "owner" | "thread";
  /** For content `dir`. Passed in, so that its modules are loaded only where files are served. */
  makeDirectory?: MakeDirectory;
  /** Another thread has the sockets: streamed content is handed over to it. */
  handsOver?: boolean;
  /** For files: what makes compressed copies and hashes large files, or a port to it. */
  compressors?: CompressorPool | MessagePort | null;
  /** Called when this thread is about to sleep in the work of a message, and when it has slept. */
  noteBlocked?: (isBlocked: boolean) => void;
  /** Memory for what this thread keeps to answer from; none by default. */
  memory?: ThreadMemory;
}

function createResource(
  options: HttpServiceOptions,
  { makeDirectory, handsOver, compressors, memory = NO_MEMORY, print }: ServiceParts,
  figures: RequestFigures | undefined,
): Resource {
  switch (options.content) {
    case "hello":
      return helloResource;
    case "echo":
      return echoContentResource;
    case "dir":
      return makeDirectory!(options, { handsOver, compressors, memory, print, figures });
  }
}

/** The service that `options` describe, over `core`, on the thread that answers. */
export function createService(
  core: Core,
  options: ServiceOptions,
  parts: ServiceParts,
): Service {
  const service = createPlainService(core, options, parts);
  const { work } = options;
  return work === undefined
    ? service
    : withWork(service, core, workFunction(work, parts.noteBlocked));
}

/** The service without the artificial work of `options.work`. */
function createPlainService(
  core: Core,
  options: ServiceOptions,
  parts: ServiceParts,
): Service {
  const { print, sharesMemory = false, pool } = parts;
  if (options.kind === "http") {
    const log = options.log && new AccessLog(options.log, print);
    const figures = options.figures && new RequestFigures(options.figures);
    return new HttpService(core, createResource(options, parts, figures), {
      log,
      figures,
      isPooled: sharesMemory || pool !== undefined,
      setsCanned: pool === "owner",
      print,
    });
  }
  const { bufferBytes, verbose } = options;
  const log = verbose ? (line: string) => print(line + "\n") : undefined;
  return new EchoService(core, { bufferBytes, log, logClients: sharesMemory ? undefined : log });
}

/**
 * The service as the owner of the sockets needs it while Workers run the service itself: for
 * phases, timeouts, answers that Workers hand over, and what is logged of clients.
 */
export function createProtocol(
  core: Core,
  options: ServiceOptions,
  { print, makeDirectory }: Pick<ServiceParts, "print" | "makeDirectory">,
): Service {
  if (options.kind === "http") {
    return createPlainService(core, options, { print, sharesMemory: true, makeDirectory });
  }
  const { bufferBytes, verbose } = options;
  const logClients = verbose ? (line: string) => print(line + "\n") : undefined;
  return new EchoService(core, { bufferBytes, logClients });
}
