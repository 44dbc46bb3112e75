/**
 * Ways in which connections can end, played by one thread that holds both ends. Each step has
 * completed before the next one begins, so every repetition ends in the same way. Blocks its
 * thread.
 */
import { Errno } from "../../system/linux/errno.ts";
import {
  accept,
  close,
  connectTcp,
  listenTcp,
  Readiness,
  recv,
  sendBytes,
  setDeferAccept,
  setResetOnClose,
  socketError,
  waitUntilReady,
} from "../../system/linux/socket.ts";
import { pointerOf } from "../../system/linux/memory.ts";

const HOST = "127.0.0.1";

/** How long to wait for a step, in ms; on loopback it has usually completed already. */
const STEP_MS = 1000;

/** How long to wait when nothing more is expected, in ms. */
const SILENCE_MS = 20;

/** How connections ended. */
export interface ResetTally {
  /** Complete answers that the client received. */
  wholeAnswers: number;
  /** Errors of the client's calls, by kind. */
  clientResets: number;
  clientPipes: number;
  clientRefused: number;
  /** Clients that got no answer and no error. */
  unanswered: number;
  /** ECONNRESET of the server's calls. */
  serverResets: number;
}

function emptyTally(): ResetTally {
  return {
    wholeAnswers: 0,
    clientResets: 0,
    clientPipes: 0,
    clientRefused: 0,
    unanswered: 0,
    serverResets: 0,
  };
}

const encode = (text: string) => new TextEncoder().encode(text);

const REQUEST = encode(`GET / HTTP/1.1\r\nHost: lab\r\nX-Filler: ${"x".repeat(60)}\r\n\r\n`);
const HEAD = encode("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
const BODY = encode("Hello World!");

/** What khttpd sent after a head that announced 12 bytes. */
const LONG_BODY = encode("Hello World!\r\n");

/**
 * Connections of a burst in the cases about the accept queue, and the backlog, which has room for
 * half of them plus one. The queue of incomplete handshakes has the same limit.
 */
const BURST = 20;
const BACKLOG = 10;

const buffer = new Uint8Array(4096);
const pointer = () => pointerOf(buffer);

/** Receives exactly `count` bytes, or until the connection ends. @returns how many, or -errno */
function receive(fd: number, count: number): number {
  for (let received = 0; received < count;) {
    waitUntilReady(fd, Readiness.Readable, STEP_MS);
    const got = recv(fd, pointer(), Math.min(buffer.length, count - received), 0);
    if (got <= 0) return got < 0 ? got : received;
    received += got;
  }
  return count;
}

/** How a connection ends for the side that waits for the end: 0 for a FIN, or -errno. */
function endOf(fd: number): number {
  waitUntilReady(fd, Readiness.Readable, STEP_MS);
  return recv(fd, pointer(), buffer.length, 0);
}

/** A listener, and connections of it. */
class Stage implements Disposable {
  readonly tally = emptyTally();
  readonly #listener: { fd: number; port: number };
  readonly #open = new Set<number>();

  constructor(backlog = 1024) {
    this.#listener = listenTcp({ hostname: HOST, port: 0, backlog });
  }

  get listener(): number {
    return this.#listener.fd;
  }

  /** Begins a connection. @returns the client's socket; or -errno */
  connect(): number {
    const fd = connectTcp(HOST, this.#listener.port);
    this.#open.add(fd);
    return fd;
  }

  /** Both ends of an established connection. */
  connected(): { client: number; server: number } {
    const client = this.connect();
    waitUntilReady(this.listener, Readiness.Readable, STEP_MS);
    const server = accept(this.listener);
    if (server < 0) throw new Error(`Cannot accept a connection of the lab (errno ${-server})`);
    this.#open.add(server);
    return { client, server };
  }

  close(fd: number): void {
    this.#open.delete(fd);
    close(fd);
  }

  /**
   * Lets the client read an answer of `length` bytes and then the end of the connection, and counts
   * both.
   */
  readAnswer(client: number, length: number): void {
    const received = receive(client, length);
    if (received === length) {
      this.tally.wholeAnswers++;
      this.countClient(endOf(client));
    } else if (received < 0) this.countClient(received);
  }

  /** Counts the result of a client's call. */
  countClient(result: number): void {
    if (result === -Errno.ECONNRESET) this.tally.clientResets++;
    else if (result === -Errno.EPIPE) this.tally.clientPipes++;
    else if (result === -Errno.ECONNREFUSED) this.tally.clientRefused++;
    else if (result === -Errno.EAGAIN) this.tally.unanswered++;
  }

  /** Counts the result of a server's call. */
  countServer(result: number): void {
    if (result === -Errno.ECONNRESET) this.tally.serverResets++;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open) close(fd);
    close(this.listener);
  }
}

/** A case: plays it with `connections` connections. */
type Play = (connections: number) => ResetTally;

/** Plays `once` for each connection on one listener. */
function each(once: (stage: Stage) => void): Play {
  return (connections) => {
    using stage = new Stage();
    for (let i = 0; i < connections; i++) once(stage);
    return stage.tally;
  };
}

/** Sends a request, of which the server reads up to `count` bytes, and which it answers. */
function exchange(stage: Stage, count: number, body: Uint8Array) {
  const ends = stage.connected();
  sendBytes(ends.client, REQUEST, 0);
  receive(ends.server, count);
  sendBytes(ends.server, HEAD, 0);
  sendBytes(ends.server, body, 0);
  return ends;
}

/** The cases, by the names that tables give them. */
export const RESET_CASES = {
  "both read everything": each((stage) => {
    const { client, server } = exchange(stage, REQUEST.length, BODY);
    const announced = HEAD.length + BODY.length;
    if (receive(client, announced) === announced) stage.tally.wholeAnswers++;
    stage.close(client);
    stage.countServer(endOf(server));
    stage.close(server);
  }),
  "the client leaves 2 bytes unread": each((stage) => {
    const { client, server } = exchange(stage, REQUEST.length, LONG_BODY);
    // Reads as many bytes as were announced, as wget does.
    const announced = HEAD.length + BODY.length;
    if (receive(client, announced) === announced) stage.tally.wholeAnswers++;
    stage.close(client);
    stage.countServer(endOf(server));
    stage.close(server);
  }),
  "the server leaves bytes unread": each((stage) => {
    const { client, server } = exchange(stage, REQUEST.length >> 1, BODY);
    stage.close(server);
    stage.readAnswer(client, HEAD.length + BODY.length);
    stage.close(client);
  }),
  "the server closes with SO_LINGER 0": each((stage) => {
    const { client, server } = exchange(stage, REQUEST.length, BODY);
    setResetOnClose(server);
    stage.close(server);
    stage.readAnswer(client, HEAD.length + BODY.length);
    stage.close(client);
  }),
  "a request meets a close": each((stage) => {
    const { client, server } = stage.connected();
    stage.close(server);
    // The client does not check whether the idle connection is still open.
    stage.countClient(sendBytes(client, REQUEST, 0));
    waitUntilReady(client, Readiness.Readable, STEP_MS);
    stage.countClient(sendBytes(client, REQUEST, 0));
    stage.close(client);
  }),
  "a request crosses a reset": each((stage) => {
    const { client, server } = stage.connected();
    setResetOnClose(server);
    stage.close(server);
    stage.countClient(sendBytes(client, REQUEST, 0));
    stage.close(client);
  }),
  "nobody listens": (connections) => {
    const free = listenTcp({ hostname: HOST, port: 0 });
    close(free.fd);
    const tally = emptyTally();
    for (let i = 0; i < connections; i++) {
      const fd = connectTcp(HOST, free.port);
      waitUntilReady(fd, Readiness.Writable, STEP_MS);
      if (socketError(fd) === Errno.ECONNREFUSED) tally.clientRefused++;
      close(fd);
    }
    return tally;
  },
  "the accept queue is full": bursts((stage) => {
    const clients = Array.from({ length: BURST }, () => stage.connect());
    for (const fd of clients) {
      if (!waitUntilReady(fd, Readiness.Writable, SILENCE_MS / BURST)) stage.tally.unanswered++;
    }
  }),
  "the accept queue fills during handshakes": bursts((stage) => {
    // With this option a handshake stays incomplete until data arrives. So the SYNs of the second
    // half of the clients are accepted too, and the queue is full when their handshakes complete.
    setDeferAccept(stage.listener, 10);
    const clients: number[] = [];
    for (let half = 0; half < 2; half++) {
      const own = Array.from({ length: BURST / 2 }, () => stage.connect());
      for (const fd of own) waitUntilReady(fd, Readiness.Writable, STEP_MS);
      for (const fd of own) sendBytes(fd, REQUEST, 0);
      clients.push(...own);
    }
    for (let i = 0; i <= BACKLOG; i++) {
      const server = accept(stage.listener);
      if (server < 0) continue;
      receive(server, REQUEST.length);
      sendBytes(server, HEAD, 0);
      sendBytes(server, BODY, 0);
      close(server);
    }
    // The last one is among those that found no room.
    waitUntilReady(clients.at(-1)!, Readiness.Readable, SILENCE_MS);
    for (const fd of clients) {
      const received = recv(fd, pointer(), buffer.length, 0);
      if (received === HEAD.length + BODY.length) stage.tally.wholeAnswers++;
      else stage.countClient(received);
    }
  }),
} satisfies Record<string, Play>;

/** The name of a case. */
export type ResetCase = keyof typeof RESET_CASES;

/** Plays bursts of connections, each to a listener of its own with a short queue. */
function bursts(once: (stage: Stage) => void): Play {
  return (connections) => {
    const sum = emptyTally();
    for (let done = 0; done < connections; done += BURST) {
      using stage = new Stage(BACKLOG);
      once(stage);
      for (const key of Object.keys(sum) as (keyof ResetTally)[]) sum[key] += stage.tally[key];
    }
    return sum;
  };
}
