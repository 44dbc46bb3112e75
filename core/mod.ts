/**
 * The core: HTTP/1.x parsing (requests and responses), echo splitting and echo checking in
 * WebAssembly, over one linear memory. It knows no socket, clock or file.
 */
export { Core, CORE_WASM } from "./host.ts";
export {
  blockBytesFor,
  type CoreOptions,
  DEFAULT_LIMITS,
  type Limits,
  maxBlocks,
} from "./layout.ts";
export { CoreMemory, CoreMemoryError, type CoreShare } from "./memory.ts";
export { EchoCheck, type EchoCheckOptions, type EchoSlot } from "./echo_check.ts";
export { type Fault, faultOf } from "./codes.ts";
export { type BlockView, inspectBlock, PARSER_STATES, type ParserState } from "./inspect.ts";
export { Code, Event, Field, Flag, Method } from "./shared/abi.ts";
export { ResponseReader } from "./response_reader.ts";
export { ResponseCode, Taken } from "./shared/abi_client.ts";
export { EchoVerdict } from "./shared/abi_echo.ts";
