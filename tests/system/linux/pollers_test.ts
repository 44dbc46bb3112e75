/** One contract for all pollers. */
import assert from "node:assert/strict";
import { Errno } from "../../../system/linux/errno.ts";
import { createEventFd, drainEventFd, signalEventFd } from "../../../system/linux/eventfd.ts";
import { EpollPoller } from "../../../system/linux/pollers/epoll.ts";
import { PollPoller } from "../../../system/linux/pollers/poll.ts";
import { Interest, type Poller } from "../../../system/linux/pollers/poller.ts";
import { SelectPoller } from "../../../system/linux/pollers/select.ts";
import { connectTcp, setResetOnClose, Shutdown, shutdown } from "../../../system/linux/socket.ts";
import { Descriptors, drain, fill, notLinux, receiveText, sendText } from "./sockets.ts";

const BOTH = Interest.Read | Interest.Write;

const POLLERS: Record<string, () => Poller> = {
  select: () => new SelectPoller(),
  poll: () => new PollPoller(),
  "epoll, level-triggered": () => new EpollPoller({ trigger: "level" }),
  "epoll, edge-triggered": () => new EpollPoller({ trigger: "edge" }),
};

/** What is ready now, or within 30 seconds if `isAwaited`: descriptor → events. */
function ready(poller: Poller, isAwaited = true): Map<number, number> {
  const count = poller.wait(isAwaited ? 30_000 : 0);
  assert.ok(count >= 0, `wait: ${count}`);
  const found = new Map<number, number>();
  for (let i = 0; i < count; ++i) found.set(poller.fd(i), poller.events(i) & ~Interest.PeerEnd);
  assert.equal(found.size, count, "a descriptor is reported once");
  return found;
}

const READY_NOW = false;

for (const [name, create] of Object.entries(POLLERS)) {
  const isEdge = name.includes("edge");
  const test = (does: string, run: (poller: Poller, descriptors: Descriptors) => void) => {
    Deno.test({
      name: `${name}: ${does}`,
      ignore: notLinux,
      fn: () => {
        using descriptors = new Descriptors();
        const poller = create();
        try {
          run(poller, descriptors);
        } finally {
          poller.close();
        }
      },
    });
  };

  test("reports what is readable or writable, and only what it is watched for", (poller, fds) => {
    const [a, b] = fds.pair();
    const [c] = fds.pair();
    for (const fd of [a, b, c]) assert.equal(poller.add(fd, Interest.Read), 0);
    assert.deepEqual(ready(poller, READY_NOW), new Map());
    sendText(b, "hello");
    assert.deepEqual(ready(poller), new Map([[a, Interest.Read]]));
    assert.equal(poller.change(c, BOTH), 0);
    assert.equal(ready(poller).get(c), Interest.Write);
    assert.equal(poller.change(a, Interest.Write), 0);
    assert.equal(ready(poller).get(a)! & Interest.Write, Interest.Write);
  });

  test(
    isEdge
      ? "reports once what has arrived, and again what arrives later"
      : "reports what is ready until it is not",
    (poller, fds) => {
      const [a, b] = fds.pair();
      poller.add(a, Interest.Read);
      sendText(b, "one");
      assert.deepEqual(ready(poller), new Map([[a, Interest.Read]]));
      const again = new Map(isEdge ? [] : [[a, Interest.Read]]);
      assert.deepEqual(ready(poller, READY_NOW), again);
      assert.equal(receiveText(a), "one");
      assert.deepEqual(ready(poller, READY_NOW), new Map());
      sendText(b, "two");
      assert.deepEqual(ready(poller), new Map([[a, Interest.Read]]));
    },
  );

  test("reports a listener and a connect", (poller, fds) => {
    const { fd, port } = fds.listen();
    poller.add(fd, Interest.Read);
    assert.deepEqual(ready(poller, READY_NOW), new Map());
    fds.keep(connectTcp("127.0.0.1", port));
    assert.deepEqual(ready(poller), new Map([[fd, Interest.Read]]));
  });

  test("reports the peer's FIN as readable, its reset as all that is watched", (poller, fds) => {
    const [a, b] = fds.pair();
    poller.add(a, Interest.Read);
    shutdown(b, Shutdown.Write);
    assert.deepEqual(ready(poller), new Map([[a, Interest.Read]]));
    assert.equal(receiveText(a), "");
    const [c, d] = fds.pair();
    poller.remove(a);
    fill(c);
    poller.add(c, BOTH);
    assert.equal(ready(poller, READY_NOW).size, 0);
    setResetOnClose(d);
    fds.close(d);
    assert.equal(ready(poller).get(c), BOTH);
    assert.equal(receiveText(c), -Errno.ECONNRESET);
  });

  test("reports nothing while the interest is None, errors neither", (poller, fds) => {
    const [a, b] = fds.pair();
    const [c, d] = fds.pair();
    poller.add(a, Interest.Read);
    poller.add(c, Interest.None);
    assert.equal(poller.change(a, Interest.None), 0);
    for (const fd of [b, d]) {
      sendText(fd, "x");
      setResetOnClose(fd);
      fds.close(fd);
    }
    assert.deepEqual(ready(poller, READY_NOW), new Map());
    assert.equal(poller.change(a, Interest.Read), 0);
    assert.equal(poller.change(c, Interest.Read), 0);
    const found = ready(poller);
    assert.deepEqual([...found.keys()].sort(), [a, c].sort());
    for (const events of found.values()) assert.equal(events & Interest.Read, Interest.Read);
  });

  test("reports room when the peer has received", (poller, fds) => {
    const [a, b] = fds.pair();
    const count = fill(a);
    poller.add(a, Interest.Write);
    assert.deepEqual(ready(poller, READY_NOW), new Map());
    drain(b, count);
    assert.equal(ready(poller).get(a), Interest.Write);
  });

  test("forgets what was removed, whose number may be used again", (poller, fds) => {
    const [a, b] = fds.pair();
    const [c] = fds.pair();
    for (const fd of [a, b, c]) poller.add(fd, Interest.Write);
    assert.equal(poller.add(a, Interest.Read), -Errno.EEXIST);
    poller.remove(b);
    poller.remove(b);
    assert.deepEqual(new Set(ready(poller).keys()), new Set([a, c]));
    poller.remove(a);
    fds.close(a);
    fds.close(b);
    const [e, f] = fds.pair();
    // Edge-triggered, c was reported before.
    assert.deepEqual([...ready(poller, READY_NOW).keys()], isEdge ? [] : [c]);
    for (const fd of [e, f]) assert.equal(poller.add(fd, Interest.Write), 0);
    assert.ok(ready(poller).has(e));
  });

  test("a timeout ends a wait, and an eventfd that was signalled", (poller, fds) => {
    const wake = fds.keep(createEventFd());
    poller.add(wake, Interest.Read);
    const before = performance.now();
    assert.equal(poller.wait(20), 0);
    assert.ok(performance.now() - before >= 19);
    signalEventFd(wake);
    signalEventFd(wake);
    assert.deepEqual(ready(poller), new Map([[wake, Interest.Read]]));
    assert.equal(drainEventFd(wake), 2);
    assert.equal(drainEventFd(wake), 0);
    assert.deepEqual(ready(poller, READY_NOW), new Map());
  });

  test("watches 300 descriptors, and reports all that are ready", (poller, fds) => {
    const all = Array.from({ length: 300 }, () => fds.keep(createEventFd()));
    for (const fd of all) assert.equal(poller.add(fd, Interest.Read), 0);
    const chosen = all.filter((_, i) => i % 3 === 0);
    chosen.forEach(signalEventFd);
    assert.deepEqual([...ready(poller).keys()].sort(), chosen.sort());
  });
}

Deno.test({
  name: "select: refuses descriptors from FD_SETSIZE on",
  ignore: notLinux,
  fn: () => {
    const poller = new SelectPoller();
    assert.equal(poller.fdLimit, 1024);
    for (const fd of [1024, 5000]) {
      assert.equal(poller.add(fd, Interest.Read), -Errno.EINVAL);
      assert.equal(poller.change(fd, Interest.Read), -Errno.ENOENT);
      poller.remove(fd);
    }
    assert.equal(poller.wait(0), 0);
  },
});

Deno.test({
  name: "epoll, edge-triggered: PeerEnd says that a FIN is behind what there is to receive",
  ignore: notLinux,
  fn: () => {
    using fds = new Descriptors();
    const poller = new EpollPoller({ trigger: "edge" });
    const [a, b] = fds.pair();
    poller.add(a, Interest.Read);
    sendText(b, "x");
    assert.equal(poller.wait(30_000), 1);
    assert.equal(poller.events(0), Interest.Read);
    sendText(b, "y");
    shutdown(b, Shutdown.Write);
    assert.equal(poller.wait(30_000), 1);
    assert.equal(poller.events(0), Interest.Read | Interest.PeerEnd);
    poller.close();
  },
});

Deno.test({
  name: "epoll, one-shot: a descriptor is silent from its report to the next change",
  ignore: notLinux,
  fn: () => {
    using fds = new Descriptors();
    const poller = new EpollPoller({ trigger: "level", oneShot: true });
    const [a, b] = fds.pair();
    poller.add(a, Interest.Read);
    sendText(b, "x");
    assert.equal(poller.wait(30_000), 1);
    assert.equal(poller.wait(0), 0);
    poller.change(a, Interest.Read);
    assert.equal(poller.wait(30_000), 1);
    poller.close();
  },
});

Deno.test({
  name: "epoll, shared: a poller of another thread watches the same descriptors",
  ignore: notLinux,
  fn: () => {
    using fds = new Descriptors();
    const owner = new EpollPoller({ trigger: "level", oneShot: true });
    const other = new EpollPoller({ trigger: "level", oneShot: true, instance: owner.instance });
    const [a, b] = fds.pair();
    owner.add(a, Interest.Read);
    sendText(b, "x");
    assert.equal(other.wait(30_000), 1);
    assert.equal(owner.wait(0), 0);
    other.change(a, Interest.Read);
    other.close();
    assert.equal(owner.wait(30_000), 1);
    owner.close();
  },
});

Deno.test({
  name: "epoll: waitPrecisely() ends with the time, to less than a millisecond, or with an event",
  ignore: notLinux,
  fn: () => {
    using fds = new Descriptors();
    const poller = new EpollPoller({ trigger: "level" });
    const [a, b] = fds.pair();
    poller.add(a, Interest.Read);
    const takenMs = Array.from({ length: 20 }, () => {
      const beginMs = performance.now();
      assert.equal(poller.waitPrecisely(0.25), 0);
      return performance.now() - beginMs;
    }).sort((x, y) => x - y);
    assert.ok(takenMs[0] >= 0.24, `${takenMs[0]} ms`);
    assert.ok(takenMs[10] < 0.95, `${takenMs[10]} ms`);
    sendText(b, "x");
    assert.equal(poller.waitPrecisely(30_000.5), 1);
    assert.equal(poller.fd(0), a);
    poller.close();
  },
});
