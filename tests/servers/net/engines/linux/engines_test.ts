/** What each engine that makes system calls does with sockets at which things go another way. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Core } from "../../../../../core/mod.ts";
import { EchoService } from "../../../../../servers/echo/echo_service.ts";
import { Effect, Phase, type Service } from "../../../../../servers/net/service.ts";
import {
  sendBytes,
  setResetOnClose,
  Shutdown,
  shutdown,
} from "../../../../../system/linux/socket.ts";
import { forEachSetup, LINUX_SETUPS } from "../../../../support/setups.ts";
import { runProgram } from "../../../../system/linux/own_process.ts";
import { acceptBurst } from "./burst.ts";
import { Received } from "./received.ts";
import { TurnedServer } from "./turned_server.ts";

/** A turn that has nothing to do: no event, no call but the wait itself. */
const NOTHING = { events: 0, calls: 0 };

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8) * 7 + (i >> 16));
}

function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

/** An echo that waits for a promise of the test before each answer. */
class LateEcho implements Service {
  /** Resolves the answer that is waited for. */
  answer: () => void = () => {};
  waiting = 0;
  aborts = 0;
  readonly #echo: EchoService;

  constructor(core: Core) {
    this.#echo = new EchoService(core, { bufferBytes: 4096 });
  }

  receive(conn: number): Effect | Promise<Effect> {
    const effect = this.#echo.receive(conn);
    if (effect === Effect.Read) return effect;
    ++this.waiting;
    return new Promise((resolve) => {
      this.answer = () => {
        --this.waiting;
        resolve(effect);
      };
    });
  }

  finish(): Effect {
    return Effect.Close;
  }

  phase(): Phase {
    return Phase.Idle;
  }

  expire(): Effect {
    return Effect.Close;
  }

  aborted(): void {
    ++this.aborts;
  }
}

/** More than the kernel buffers for a connection on loopback. */
const LARGE = pattern(16 << 20);

/** Answers whatever it receives with a large view, then closes. */
function largeService(core: Core): Service {
  return {
    receive(conn) {
      if (core.nextPiece(conn, 4096) === 0) return Effect.Read;
      core.rewind(conn);
      return Effect.Respond;
    },
    respond: async (_, sender) => {
      await sender.write(LARGE);
      return Effect.Linger;
    },
    finish: () => Effect.Close,
    phase: () => Phase.Idle,
    expire: () => Effect.Close,
  };
}

forEachSetup(LINUX_SETUPS, ({ label, engine }) => {
  Deno.test(`${label}: an idle connection costs no turn`, async () => {
    await using server = new TurnedServer({ engine });
    const client = server.connect();
    sendBytes(client, text("hello"), 0);
    const received = new Received(client);
    await server.turnUntil(() => received.take() === 5);
    await server.settle();
    assert.deepEqual(server.callsIn(20), NOTHING);
    assert.deepEqual(server.faults, []);
  });

  Deno.test(`${label}: what a peer does not read waits without a turn, and comes whole`, async () => {
    await using server = new TurnedServer({ engine, service: largeService });
    const client = server.connect();
    sendBytes(client, text("go"), 0);
    await server.turnUntil(() => server.counters.bytesIn === 2);
    await server.settle();
    assert.ok(server.counters.bytesOut < LARGE.length, "the kernel has not taken all of it");
    assert.deepEqual(server.callsIn(20), NOTHING);
    const received = new Received(client);
    await server.turnUntil(() => received.take() === LARGE.length && received.hasEnded);
    assert.equal(Buffer.compare(received.whole, LARGE), 0);
    assert.deepEqual(server.faults, []);
  });

  Deno.test(`${label}: what comes while a service works waits without a turn`, async () => {
    let service!: LateEcho;
    await using server = new TurnedServer({
      engine,
      service: (core) => service = new LateEcho(core),
    });
    const client = server.connect();
    const received = new Received(client);
    sendBytes(client, text("first "), 0);
    await server.turnUntil(() => service.waiting === 1);
    sendBytes(client, text("second "), 0);
    sendBytes(client, text("third"), 0);
    shutdown(client, Shutdown.Write);
    await server.settle();
    assert.deepEqual(server.callsIn(20), NOTHING);
    assert.equal(server.counters.bytesIn, 6, "nothing more is taken");
    service.answer();
    await server.turnUntil(() => received.take() === 6);
    await server.turnUntil(() => {
      service.answer();
      return received.take() === "first second third".length && received.hasEnded;
    });
    assert.equal(new TextDecoder().decode(received.whole), "first second third");
    assert.deepEqual(server.faults, []);
  });

  Deno.test(`${label}: a peer that resets while a service works is gone, without a turn`, async () => {
    let service!: LateEcho;
    await using server = new TurnedServer({
      engine,
      service: (core) => service = new LateEcho(core),
    });
    const client = server.connect();
    sendBytes(client, text("first"), 0);
    await server.turnUntil(() => service.waiting === 1);
    sendBytes(client, text("second"), 0);
    await server.settle();
    setResetOnClose(client);
    server.clients.close(client);
    await server.settle();
    assert.deepEqual(server.callsIn(20), NOTHING);
    service.answer();
    await server.turnUntil(() => server.counters.open === 0);
    assert.equal(server.counters.resets, 1);
    assert.equal(server.core.blocksUsed, 0);
    assert.deepEqual(server.faults, []);
  });

  Deno.test(`${label}: more than a receive takes, with the FIN behind it, is answered`, async () => {
    await using server = new TurnedServer({ engine });
    // As many as the input takes, one more, and many: what is there before the first turn.
    for (const size of [1, 4095, 4096, 4097, 8192, 60_000]) {
      const message = pattern(size);
      const client = server.connect();
      const received = new Received(client);
      assert.equal(sendBytes(client, message, 0), size);
      shutdown(client, Shutdown.Write);
      await server.turnUntil(() => {
        received.take();
        return received.hasEnded;
      });
      assert.deepEqual(received.whole, message, `${size} bytes`);
      server.clients.close(client);
    }
    await server.turnUntil(() => server.counters.open === 0);
    assert.deepEqual(server.faults, []);
  });

  Deno.test(`${label}: a stream of bytes in both directions comes whole`, async () => {
    await using server = new TurnedServer({ engine });
    const client = server.connect();
    const received = new Received(client);
    let sent = 0;
    await server.turnUntil(() => {
      for (let i = 0; i < 50; ++i) {
        if (sent < LARGE.length) {
          const count = sendBytes(client, LARGE.subarray(sent, sent + 100_000), 0);
          if (count > 0) sent += count;
        }
        server.turn();
        received.take();
      }
      return received.bytes === LARGE.length;
    });
    assert.equal(Buffer.compare(received.whole, LARGE), 0);
    await server.settle();
    assert.deepEqual(server.callsIn(20), NOTHING);
  });

  Deno.test(`${label}: a timeout comes while a receive is pending`, async () => {
    await using server = new TurnedServer({ engine, timeouts: { idleMs: 30 } });
    const client = server.connect();
    const received = new Received(client);
    await server.turnUntil(() => {
      received.take();
      return received.hasEnded;
    });
    assert.equal(server.counters.timeouts, 1);
    await server.turnUntil(() => server.counters.open === 0);
    assert.equal(server.core.blocksUsed, 0);
  });

  Deno.test(`${label}: the limit of connections is met without a turn, and released`, async () => {
    await using server = new TurnedServer({ engine, maxConnections: 2 });
    const clients = [server.connect(), server.connect()];
    for (const client of clients) sendBytes(client, text("x"), 0);
    await server.turnUntil(() => server.counters.bytesIn === 2);
    const third = server.connect();
    sendBytes(third, text("third"), 0);
    await server.settle();
    assert.equal(server.counters.open, 2);
    const received = new Received(third);
    assert.equal(received.take(), 0);
    // It is tried again every 100 ms, and so seldom.
    assert.ok(server.callsIn(50).calls <= 5);
    server.clients.close(clients[0]);
    await server.turnUntil(() => received.take() === 5);
    assert.equal(server.counters.connections, 3);
  });

  const burst = engine.name === "select" ? 200 : 1000;

  Deno.test(`${label}: a burst of ${burst} connects is accepted as a whole`, async () => {
    if (engine.name !== "select") return await acceptBurst(engine, burst);
    // Its descriptors are below 1,024: files that are tested at the same time have some, too.
    const program = `
      import { acceptBurst } from "./tests/servers/net/engines/linux/burst.ts";
      await acceptBurst(${JSON.stringify(engine)}, ${burst});
      console.log("accepted");`;
    assert.equal(await runProgram(program, ["--allow-all"]), "accepted\n");
  });
});
