/** What the core offers its host; `core/host.ts` and `core/echo_check.ts` call it. */
export { answerPlain } from "./canned";
export { nextPiece, rewind } from "./echo";
export { beginEcho, checkEcho, generateEcho, identifyEcho } from "./echo_check";
export { allocateBlock, closeConn, freeBlock, freeChain, openConn } from "./memory";
export { append, commit, reserve, spoolToOutput } from "./output";
export { makeRoom, next } from "./request";
export { countStatus, endOfResponses, hasMore, nextResponse, openResponses, takeResponses } from "./response";
