/**
 * Well-behaved clients beside an attack: they send correct requests on kept connections, wait for
 * each answer and check every byte of it.
 *
 * The rule: while the server is below its stated limits, each gets the complete correct answer. An
 * error status, a connection refused, reset or closed before the answer, a wrong byte, or no complete
 * answer within 30 s is a failure. Slowness is not a failure; the latency is reported. Nor is a
 * complete 503 where a stated limit is reached: attackers may fill the memory of the server that sends
 * content back; a name that is another file at each access is not answered; and a model that creates a
 * Worker for each connection refuses those that have waited for one for as long as a head may take.
 * Such refusals are counted and reported.
 */
import { Buffer } from "node:buffer";
import { connect } from "../client.ts";
import { CutOff, KeptConnection, type Reply } from "./kept_connection.ts";
import { FOREIGN, INSIDE, LARGE, LISTED, PAGE, pattern, SMALL } from "./site.ts";
import { sleep } from "../../../system/wait.ts";

/** Between two requests of a client, in ms: long enough not to be an attack itself. */
const PAUSE_MS = 5;

/** Requests for which a connection is kept. */
const REQUESTS_PER_CONNECTION = 50;

/** Requests in one write, their methods, and a judge of the replies. */
interface Question {
  name: string;
  request: Uint8Array;
  methods: readonly string[];
  /** It may change while it is sent: then an answer that is cut off is correct. */
  mayBeCut?: boolean;
  /** A stated limit of the server may be reached: then 503 is correct. */
  mayBeRefused?: boolean;
  faultOf(reply: Reply): string | undefined;
}

const encoder = new TextEncoder();

function ask(
  line: string,
  { fields = "", content = new Uint8Array() }: { fields?: string; content?: Uint8Array } = {},
): Uint8Array {
  const head = encoder.encode(`${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n`);
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return bytes;
}

/** A judge that wants `status` and exactly `content`. */
function exactly(status: number, content: Uint8Array, fields: Record<string, string> = {}) {
  return (reply: Reply) => {
    if (reply.status !== status) return `${reply.status} instead of ${status}`;
    for (const [name, value] of Object.entries(fields)) {
      if (reply.fields.get(name) !== value) {
        return `${name}: ${reply.fields.get(name)} instead of ${value}`;
      }
    }
    if (Buffer.compare(reply.content, content) === 0) return undefined;
    return `${reply.content.length} bytes that are not the ${content.length} expected`;
  };
}

function isListing({ status, content }: Reply): string | undefined {
  if (status !== 200) return `${status} instead of 200`;
  const names = [...new TextDecoder().decode(content).matchAll(/"name":\s*"([^"]*)"/g)]
    .map(([, name]) => name);
  return names.join() === LISTED.join() ? undefined : `a listing of ${names.join()}`;
}

function isNotFound({ status, content }: Reply): string | undefined {
  if (status !== 404) return `${status} instead of 404`;
  return content.length > 0 ? undefined : "404 without a reason";
}

/** A swapped name may exist or not, but content from outside must never come. */
function isNotForeign({ status, content }: Reply): string | undefined {
  if (new TextDecoder().decode(content).includes(FOREIGN)) return "foreign content";
  if (status === 403 || status === 404) return undefined;
  if (status !== 200) return `${status} instead of 200, 403 or 404`;
  return Buffer.compare(content, INSIDE) === 0 ? undefined : "neither inside nor an error";
}

function isNotForeignListing({ status, content }: Reply): string | undefined {
  if (new TextDecoder().decode(content).includes(FOREIGN)) return "a foreign name";
  return status === 200 || status === 403 || status === 404 ? undefined : `${status}`;
}

const one = (method = "GET") => [method];

/** Requests to the server of files, in turn. */
const FILES: readonly Question[] = [
  {
    name: "small file",
    request: ask("GET /small.txt"),
    methods: one(),
    faultOf: exactly(200, SMALL, { "content-length": String(SMALL.length) }),
  },
  {
    name: "range",
    request: ask("GET /large.bin", { fields: "Range: bytes=1000000-1009999\r\n" }),
    methods: one(),
    faultOf: exactly(206, LARGE.subarray(1_000_000, 1_010_000), {
      "content-range": `bytes 1000000-1009999/${LARGE.length}`,
    }),
  },
  {
    name: "listing",
    request: ask("GET /few/?format=json"),
    methods: one(),
    faultOf: isListing,
  },
  { name: "404", request: ask("GET /nothing"), methods: one(), faultOf: isNotFound },
  {
    name: "HEAD",
    request: ask("HEAD /large.bin"),
    methods: one("HEAD"),
    faultOf: exactly(200, new Uint8Array(), { "content-length": String(LARGE.length) }),
  },
  {
    name: "pipelined",
    request: Buffer.concat(Array.from({ length: 8 }, () => ask("GET /page.txt"))),
    methods: Array.from({ length: 8 }, () => "GET"),
    faultOf: exactly(200, PAGE),
  },
  {
    name: "swapped directory",
    request: ask("GET /door/secret.txt"),
    methods: one(),
    mayBeRefused: true,
    faultOf: isNotForeign,
  },
  {
    name: "swapped file",
    request: ask("GET /window.txt"),
    methods: one(),
    mayBeRefused: true,
    faultOf: isNotForeign,
  },
  {
    name: "swapped listing",
    request: ask("GET /door/?format=json"),
    methods: one(),
    mayBeCut: true,
    mayBeRefused: true,
    faultOf: isNotForeignListing,
  },
];

/** Three megabytes, which do not count for the latency. */
const LARGE_FILE: Question = {
  name: "large file",
  request: ask("GET /large.bin"),
  methods: one(),
  faultOf: exactly(200, LARGE),
};

/** Requests to the server that sends content back. */
const ECHO: readonly Question[] = [0, 1, 1000, 20_000, 100_000].map((length, seed) => {
  const content = pattern(length, seed * 2 + 1);
  return {
    name: `POST of ${length} bytes`,
    request: ask("POST /", { fields: `Content-Length: ${length}\r\n`, content }),
    methods: one("POST"),
    mayBeRefused: true,
    faultOf: exactly(200, content),
  };
});

/** Where a client connects, and what it asks there. */
export type Target = { kind: "files" | "echo"; port: number } | {
  kind: "tls";
  port: number;
  caCert: string;
};

/** Clients that run until they are stopped. */
export class WellBehaved {
  /** Correct answers. */
  answers = 0;
  /** The first faults, in words; `faultCount` counts all. */
  readonly faults: string[] = [];
  faultCount = 0;
  /** Whole answers 503 where a stated limit may be reached. */
  refusals = 0;
  #latenciesMs: number[] = [];
  #isStopped = false;
  readonly #mayRefuse: boolean;
  readonly #loops: Promise<void>[];

  /** @param mayRefuse whether 503 is a correct answer to everything */
  constructor(targets: readonly Target[], mayRefuse: boolean) {
    this.#mayRefuse = mayRefuse;
    this.#loops = targets.map((target, index) => this.#run(target, index));
  }

  /** Ends them after the answers that they wait for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
  }

  /** How long each answer since the last call took, except for the large file. */
  takeLatenciesMs(): number[] {
    const taken = this.#latenciesMs;
    this.#latenciesMs = [];
    return taken;
  }

  async #run(target: Target, index: number): Promise<void> {
    const questions = target.kind === "echo" ? ECHO : FILES;
    let turn = index;
    while (!this.#isStopped) {
      let asked: Pick<Question, "name" | "mayBeCut"> = { name: "connect" };
      let answeredMs = performance.now();
      let askedMs = answeredMs;
      try {
        using connection = new KeptConnection(await open(target));
        for (let i = 0; i < REQUESTS_PER_CONNECTION && !this.#isStopped; i++) {
          const isLarge = target.kind !== "echo" && ++turn % 40 === 0;
          const question = isLarge ? LARGE_FILE : questions[turn++ % questions.length];
          asked = question;
          askedMs = performance.now();
          const isKept = await this.#ask(connection, question);
          answeredMs = performance.now();
          await sleep(PAUSE_MS);
          if (!isKept) break;
        }
      } catch (error) {
        if (asked.mayBeCut && error instanceof CutOff) continue;
        const reason = error instanceof Error ? `${error.name}: ${error.message}` : error;
        const times = `${Math.round(performance.now() - askedMs)} ms after the request, ` +
          `which came ${Math.round(askedMs - answeredMs)} ms after the last answer`;
        this.#fail(`${target.kind}: ${asked.name}: ${reason}, ${times}`);
        await sleep(100);
      }
    }
  }

  /** @returns whether the connection is kept */
  async #ask(connection: KeptConnection, question: Question): Promise<boolean> {
    const startMs = performance.now();
    const isKept = await connection.exchange(question.request, question.methods, (reply) => {
      const mayBeRefused = this.#mayRefuse || question.mayBeRefused;
      if (reply.status === 503 && mayBeRefused) return void ++this.refusals;
      const fault = question.faultOf(reply);
      if (fault === undefined) ++this.answers;
      else this.#fail(`${question.name}: ${fault}`);
    });
    if (question !== LARGE_FILE) this.#latenciesMs.push(performance.now() - startMs);
    return isKept;
  }

  #fail(fault: string): void {
    ++this.faultCount;
    if (this.faults.length < 9 && !this.faults.includes(fault)) this.faults.push(fault);
  }
}

async function open(target: Target): Promise<Deno.Conn> {
  if (target.kind !== "tls") return await connect(target.port);
  const { port, caCert } = target;
  return await Deno.connectTls({ hostname: "localhost", port, caCerts: [caCert] });
}
