/** What the core offers its host; `core/host.ts` is the only caller. */
export { answerPlain } from "./canned";
export { nextPiece, rewind } from "./echo";
export { allocateBlock, closeConn, freeBlock, freeChain, openConn } from "./memory";
export { append, spoolToOutput } from "./output";
export { makeRoom, next } from "./request";
export { countStatus, endOfResponses, hasMore, nextResponse, openResponses, takeResponses } from "./response";
