/**
 * The core: HTTP/1.x parsing and echo splitting in WebAssembly, over one linear memory. It knows
 * no socket, clock or file.
 */
export { Core, DEFAULT_LIMITS, maxBlocks } from "./host.ts";
export type { CoreOptions, CoreShare, Limits } from "./host.ts";
export { type Fault, faultOf } from "./codes.ts";
export { Code, Event, Field, Flag, Method } from "./shared/abi.ts";
export { ResponseReader } from "./response_reader.ts";
export { ResponseCode, Taken } from "./shared/abi_client.ts";
