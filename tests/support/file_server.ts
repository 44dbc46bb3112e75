/** A server of files in this process, and one-line requests at its socket. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../core/mod.ts";
import { type DirectoryOptions, type EngineOptions, type Model, serve } from "../../servers/mod.ts";
import { withTree } from "../servers/files/tree.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import { RawClient } from "../../bench/check/http/raw_client.ts";
import type { HttpResponse } from "../../bench/check/http/response_reader.ts";

/** The longest wait for an answer. */
const DEADLINE_MS = 10_000;

/** What a request has beside its target. */
export interface Asked {
  /** Default: GET. */
  method?: string;
  fields?: Record<string, string>;
}

/** A response with its fields by name; repeated ones are joined. */
export interface Answered extends Omit<HttpResponse, "fields"> {
  fields: Record<string, string>;
}

/** The bytes of a request; the target is latin1. */
export function requestBytes(target: string, { method = "GET", fields = {} }: Asked = {}) {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return latin1Bytes(`${method} ${target} HTTP/1.1\r\nHost: test\r\n${lines}\r\n`);
}

/** A connection to a server of files. */
export class FileClient implements AsyncDisposable {
  readonly #client: RawClient;
  #answers = 0;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  static async connect(address: Deno.ConnectOptions): Promise<FileClient> {
    return new FileClient(await RawClient.connect(address));
  }

  /** Sends a request and waits for its answer. The reader refuses what RFC 9112 does not allow. */
  async ask(target: string, asked: Asked = {}): Promise<Answered> {
    await this.#client.request(asked.method ?? "GET", requestBytes(target, asked));
    const { responses, fault, timedOut, end } = await this.#client.untilFinals(
      ++this.#answers,
      DEADLINE_MS,
    );
    const { failure } = this.#client.peer;
    const how = failure === undefined ? end : `${end}: ${failure}`;
    assert.deepEqual([fault, timedOut], [undefined, false], `${target} (${how})`);
    assert.equal(responses.length, this.#answers, `${target}: no answer before the end (${how})`);
    const response = responses[this.#answers - 1];
    const fields: Record<string, string> = {};
    for (const [name, value] of response.fields) {
      fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
    }
    return { ...response, fields };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

/** A running server of files. */
export interface FileServer {
  root: string;
  address: Deno.ConnectOptions;
  /** One keep-alive connection for all: what one request breaks shows in the next. */
  ask(target: string, asked?: Asked): Promise<Answered>;
}

/** Paths below the root to contents, `null` for a directory. */
export type Tree = Record<string, string | Uint8Array | null>;

/** Serves `tree` while `use` runs. */
export function withFiles(
  tree: Tree,
  options: Partial<DirectoryOptions> & {
    model?: Model;
    engine?: EngineOptions;
    maxActive?: number;
  },
  use: (server: FileServer) => Promise<void>,
): Promise<void> {
  const { model, engine, maxActive, ...directory } = options;
  return withTree(tree, async (root) => {
    const server = await serve({
      model,
      engine,
      maxActive,
      service: {
        kind: "http",
        content: "dir",
        directory: { root, ...directory },
        limits: DEFAULT_LIMITS,
      },
    });
    const address = { hostname: "127.0.0.1", port: server.port };
    try {
      await using client = await FileClient.connect(address);
      await use({ root, address, ask: (target, asked) => client.ask(target, asked) });
    } finally {
      await server.stop(1000);
    }
  });
}

/** Checks what is named in `expected`: a value, a pattern, or `null` for a field that must not be. */
export function checkFields(
  fields: Record<string, string>,
  expected: Record<string, string | RegExp | null>,
  label: string,
): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value instanceof RegExp) assert.match(fields[name] ?? "(none)", value, `${label}: ${name}`);
    else assert.equal(fields[name] ?? null, value, `${label}: ${name}`);
  }
}
