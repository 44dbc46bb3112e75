/** What the core offers its host: `core/host.ts`, `core/echo_check.ts`, `core/response_reader.ts`. */
export { answerPlain, isPlain, keep, openCache, renew } from "./answers";
export { closeConn, finalMessage, openConn } from "./connection";
export { nextPiece, rewind } from "./echo";
export { beginEcho, checkEcho, generateEcho, identifyEcho } from "./echo_check";
export { allocateBlock, freeBlock } from "./memory";
export { append, commit, cut, freeChain, freeOutBlock, reserve, sendFinal, spoolToOutput } from "./output";
export { makeRoom, next, peek } from "./request";
export { endOfResponses, hasMore, nextResponse, openResponses } from "./response";
export { countStatus, takeResponses } from "./response_batch";
