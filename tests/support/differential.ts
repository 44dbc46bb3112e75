/**
 * Compares what the core and llhttp make of the same bytes, and explains the differences by the rows
 * of the table of HTTP rules.
 */
import { Code, type Core, Flag } from "../../core/mod.ts";
import { type Observation, observe, type ObservedHead } from "./core_observer.ts";
import { latin1Text } from "../../bench/check/latin1.ts";
import { type LlhttpEvent, type LlhttpMessage, LlhttpParser } from "./llhttp.ts";

/** A difference that a row explains, or, with row 0, one that nothing does. */
export interface Difference {
  row: number;
  what: string;
}

/**
 * Where the core is stricter: rows by the code it refuses with. Whatever is not here llhttp has to
 * refuse, too, or at least not to complete.
 */
const STRICTER: Partial<Record<Code, number>> = {
  [Code.BareLineFeed]: 3,
  [Code.BareCarriageReturn]: 4,
  [Code.EmptyLines]: 5,
  [Code.BodyTooLarge]: 9,
  [Code.UnknownCoding]: 11,
  [Code.BadTransferEncoding]: 12,
  [Code.TransferEncodingInHttp10]: 13,
  [Code.MissingHost]: 15,
  [Code.RepeatedHost]: 15,
  [Code.BadHost]: 15,
  // A target of other bytes, or a second space before it (row 22).
  [Code.BadTarget]: 20,
  // No version: llhttp takes it for HTTP/0.9.
  [Code.BadRequestLine]: 32,
  [Code.BadVersion]: 32,
  [Code.UnsupportedVersion]: 32,
};

/** A message as the core read it. */
interface CoreMessage extends ObservedHead {
  body: string;
  isComplete: boolean;
}

/** What the core made of the bytes: messages, then perhaps why it stopped. */
interface CoreVerdict {
  messages: CoreMessage[];
  code?: Code;
}

function coreVerdict(events: readonly Observation[]): CoreVerdict {
  const verdict: CoreVerdict = { messages: [] };
  for (const event of events) {
    if ("head" in event) {
      const isComplete = (event.flags & Flag.HasBody) === 0;
      verdict.messages.push({ ...event, body: "", isComplete });
    } else if ("body" in event) verdict.messages.at(-1)!.body += event.body;
    else if ("end" in event) verdict.messages.at(-1)!.isComplete = true;
    else if ("code" in event) verdict.code = event.code;
  }
  return verdict;
}

/**
 * Parses `bytes` with both.
 *
 * @returns the first difference that matters, after which the two cannot be compared; undefined
 *   when they agree
 */
export function compareWithLlhttp(core: Core, bytes: Uint8Array): Difference | undefined {
  using llhttp = new LlhttpParser();
  const theirs = llhttp.execute(bytes);
  const { messages, code } = coreVerdict(observe(core, [bytes]));
  for (let i = 0;; ++i) {
    const ours = messages[i];
    const their = theirs[i];
    const isOurs = ours?.isComplete === true;
    const isTheirs = their !== undefined && "method" in their;
    if (isOurs && isTheirs) {
      const difference = differs(ours, their);
      if (difference !== undefined) return difference;
      if ((ours.flags & Flag.KeepAlive) === 0) return undefined;
      continue;
    }
    if (isTheirs) return onlyTheirs(code, { isStarted: ours !== undefined, their });
    if (isOurs) {
      const error = their !== undefined && "error" in their ? their.error : "incomplete";
      if (error === "CLOSED_CONNECTION" && namesConnection(theirs[i - 1])) {
        return { row: 28, what: "Connection in the trailers" };
      }
      return onlyOurs(ours, { error, text: latin1Text(bytes) });
    }
    // Neither completes a message: who judges first may still differ, nothing is accepted.
    return undefined;
  }
}

const isConnection = ([name]: [string, string]) => /^(proxy-)?connection$/i.test(name);

function namesConnection(event: LlhttpEvent | undefined): boolean {
  return event !== undefined && "method" in event && event.trailers.some(isConnection);
}

function differs(ours: CoreMessage, their: LlhttpMessage): Difference | undefined {
  const fields = their.fields.map(([name, value]) => [name, value.replace(/[ \t]+$/, "")]);
  const pairs: [string, unknown, unknown][] = [
    ["method", ours.head, their.method],
    ["target", ours.target, their.target],
    ["version", `1.${ours.minor}`, `${their.major}.${their.minor}`],
    ["fields", JSON.stringify(ours.fields), JSON.stringify(fields)],
    ["content", ours.body, their.body],
  ];
  for (const [what, our, other] of pairs) {
    if (our !== other) return { row: 0, what: `${what} ${our} is ${other} to llhttp` };
  }
  if (((ours.flags & Flag.KeepAlive) !== 0) === their.keepAlive) return undefined;
  // llhttp knows Proxy-Connection, no HTAB around an option, and heeds trailers.
  if (namesConnection(their)) return { row: 28, what: "Connection in the trailers" };
  if (their.fields.some(isConnection)) return { row: 36, what: "options of Connection" };
  return { row: 0, what: `llhttp says keep-alive: ${their.keepAlive}` };
}

/** llhttp completes a message that the core does not. */
function onlyTheirs(
  code: Code | undefined,
  { isStarted, their }: { isStarted: boolean; their: LlhttpMessage },
): Difference {
  const text = `${their.method} ${their.target} HTTP/${their.major}.${their.minor}`;
  if (code === undefined) return { row: 0, what: `llhttp completes ${text}, the core waits` };
  // Within content only the limits of the core are stricter.
  const row = isStarted && code !== Code.BodyTooLarge ? 0 : STRICTER[code] ?? 0;
  return { row, what: `llhttp accepts ${text}, refused with code ${code}` };
}

const LENIENT: readonly {
  row: number;
  error: RegExp;
  when: (ours: CoreMessage, text: string) => boolean;
}[] = [
  {
    row: 21,
    error: /^INVALID_METHOD$/,
    when: ({ head }) => !/^(GET|HEAD|POST|PUT|DELETE|PATCH)$/.test(head),
  },
  { row: 33, error: /^INVALID_VERSION$/, when: ({ minor }) => minor > 1 },
  {
    row: 25,
    error: /^INVALID_(CONTENT_LENGTH|TRANSFER_ENCODING)$/,
    when: (_, text) => /(content-length|transfer-encoding):[^\r]*\t/i.test(text),
  },
  {
    row: 27,
    error: /^INVALID_CHUNK_SIZE$|^STRICT$/,
    when: (_, text) => /^[0-9a-f]+;/im.test(text),
  },
  {
    row: 28,
    error: /^(UNEXPECTED_CONTENT_LENGTH|INVALID_CONTENT_LENGTH|INVALID_TRANSFER_ENCODING)$/,
    when: ({ flags }) => (flags & Flag.Chunked) !== 0,
  },
];

/** The core completes a message that llhttp refuses, or waits in. */
function onlyOurs(
  ours: CoreMessage,
  { error, text }: { error: string; text: string },
): Difference {
  const found = LENIENT.find((each) => each.error.test(error) && each.when(ours, text));
  return {
    row: found?.row ?? 0,
    what: `the core accepts ${ours.head} ${ours.target}, llhttp: ${error}`,
  };
}
