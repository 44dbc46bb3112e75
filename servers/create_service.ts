/**
 * Makes a service from plain options, on whichever thread it is to run.
 */
import type { Core } from "../core/mod.ts";
import { AccessLog } from "./access_log.ts";
import type { HttpServiceOptions, ServiceOptions } from "./options.ts";
import type { Resource } from "./resource.ts";
import { DirectoryResource } from "./resources/directory.ts";
import { echoContentResource } from "./resources/echo_content.ts";
import { helloResource } from "./resources/hello.ts";
import type { Service } from "./service.ts";
import { EchoService } from "./services/echo.ts";
import { HttpService } from "./services/http.ts";

function createResource(options: HttpServiceOptions): Resource {
  switch (options.content) {
    case "hello":
      return helloResource;
    case "echo":
      return echoContentResource;
    case "dir":
      return new DirectoryResource(options.directory!);
  }
}

/** The service that `options` describe, over `core`. */
export function createService(core: Core, options: ServiceOptions): Service {
  if (options.kind === "echo") {
    const log = options.verbose ? (line: string) => console.error(line) : undefined;
    return new EchoService(core, { bufferBytes: options.bufferBytes, log });
  }
  const log = options.log && new AccessLog(options.log);
  return new HttpService(core, createResource(options), log);
}
