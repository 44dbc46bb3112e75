/**
 * The core: HTTP/1.x parsing, echo splitting and echo checking in WebAssembly, over one linear
 * memory. It knows no socket, clock or file.
 */
export { Core, CoreMemoryError, DEFAULT_LIMITS, maxBlocks } from "./host.ts";
export type { CoreOptions, CoreShare, Limits } from "./host.ts";
export { EchoCheck, type EchoCheckOptions, type EchoSlot } from "./echo_check.ts";
export { type Fault, faultOf } from "./codes.ts";
export { Code, Event, Field, Flag, Method } from "./shared/abi.ts";
export { EchoVerdict } from "./shared/abi_echo.ts";
export { ResponseReader } from "./response_reader.ts";
export { ResponseCode, Taken } from "./shared/abi_client.ts";
