import assert from "node:assert/strict";
import { Errno, errnoName } from "../../../system/linux/errno.ts";
import { libc, SystemError } from "../../../system/linux/libc.ts";
import { Interest } from "../../../system/linux/pollers/poller.ts";
import {
  accept,
  acceptBlocking,
  connectAgain,
  connectTcp,
  connectUnix,
  dataSegments,
  duplicate,
  inspectListener,
  listenTcp,
  listenUnix,
  localAddress,
  openConnection,
  peerAddress,
  setCloseOnExec,
  setCork,
  setNoDelay,
  setNonBlocking,
  setReceiveBuffer,
  setReceiveTimeout,
  setResetOnClose,
  setReusePort,
  setSendBuffer,
  setSendTimeout,
  Shutdown,
  shutdown,
  SOCK_NONBLOCK,
  socketError,
} from "../../../system/linux/socket.ts";
import {
  encodeAbstractAddress,
  encodeTcpAddress,
  encodeUnixAddress,
} from "../../../system/linux/sockaddr.ts";
import {
  awaitReady,
  Descriptors,
  drain,
  fill,
  NO_DESCRIPTOR,
  notLinux,
  receiveText,
  sendText,
} from "./sockets.ts";

function test(name: string, fn: (fds: Descriptors) => void): void {
  Deno.test({
    name,
    ignore: notLinux,
    fn: () => {
      using descriptors = new Descriptors();
      fn(descriptors);
    },
  });
}

/** Asserts that `action` fails with this errno. */
function assertFails(action: () => unknown, code: string, call: RegExp): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(error instanceof SystemError, String(error));
    assert.equal(error.code, code);
    assert.match(error.call, call);
    return true;
  });
}

Deno.test("Errno has the numbers of the system", { ignore: notLinux }, () => {
  const cases: [number, string][] = [
    [Errno.EPERM, "EPERM"],
    [Errno.ENOENT, "ENOENT"],
    [Errno.EINTR, "EINTR"],
    [Errno.EBADF, "EBADF"],
    [Errno.EAGAIN, "EAGAIN"],
    [Errno.ENOMEM, "ENOMEM"],
    [Errno.EBUSY, "EBUSY"],
    [Errno.EEXIST, "EEXIST"],
    [Errno.EINVAL, "EINVAL"],
    [Errno.ENFILE, "ENFILE"],
    [Errno.EMFILE, "EMFILE"],
    [Errno.EPIPE, "EPIPE"],
    [Errno.ENOSYS, "ENOSYS"],
    [Errno.ETIME, "ETIME"],
    [Errno.EPROTO, "EPROTO"],
    [Errno.EOPNOTSUPP, "ENOTSUP"],
    [Errno.EADDRINUSE, "EADDRINUSE"],
    [Errno.ECONNABORTED, "ECONNABORTED"],
    [Errno.ECONNRESET, "ECONNRESET"],
    [Errno.ENOBUFS, "ENOBUFS"],
    [Errno.ENOTCONN, "ENOTCONN"],
    [Errno.ETIMEDOUT, "ETIMEDOUT"],
    [Errno.ECONNREFUSED, "ECONNREFUSED"],
    [Errno.EALREADY, "EALREADY"],
    [Errno.EINPROGRESS, "EINPROGRESS"],
    [Errno.ECANCELED, "ECANCELED"],
  ];
  for (const [number, name] of cases) assert.equal(errnoName(number), name);
});

for (const hostname of ["127.0.0.1", "::1"]) {
  test(`sockets at ${hostname}: listen, connect, accept, send, receive, end`, (fds) => {
    const listener = listenTcp({ hostname, port: 0 });
    fds.keep(listener.fd);
    assert.equal(listener.hostname, hostname);
    assert.ok(listener.port > 0);
    assert.equal(accept(listener.fd), -Errno.EAGAIN);
    const client = fds.keep(connectTcp(hostname, listener.port));
    awaitReady(listener.fd, Interest.Read);
    const server = fds.keep(accept(listener.fd));
    assert.equal(peerAddress(server), hostname);
    assert.deepEqual(localAddress(server), { hostname, port: listener.port });
    assert.equal(receiveText(server), -Errno.EAGAIN);
    assert.equal(sendText(client, "hello"), 5);
    awaitReady(server, Interest.Read);
    assert.equal(receiveText(server), "hello");
    assert.equal(shutdown(client, Shutdown.Write), 0);
    awaitReady(server, Interest.Read);
    assert.equal(receiveText(server), "");
    assert.equal(sendText(client, "x"), -Errno.EPIPE);
    setResetOnClose(client);
    fds.close(client);
    assert.equal(peerAddress(server), "");
  });
}

test("a Unix socket: listen, connect, accept, send, receive; the backlog is full", (fds) => {
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/socket`;
    const listener = fds.keep(listenUnix(path, 1));
    const client = fds.keep(connectUnix(path));
    const server = fds.keep(accept(listener));
    assert.equal(peerAddress(server), "");
    assert.equal(sendText(client, "hello"), 5);
    assert.equal(receiveText(server), "hello");
    assertFails(() => listenUnix(path), "EADDRINUSE", /^bind\(.*socket\)$/);
    assertFails(() => connectUnix(`${directory}/none`), "ENOENT", /^connect/);
    const fillBacklog = () => {
      for (;;) fds.keep(connectUnix(path));
    };
    assert.throws(fillBacklog, { code: "EAGAIN" });
    assert.throws(() => listenUnix(`/${"x".repeat(107)}`), TypeError);
    assert.throws(() => listenUnix(""), TypeError);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

test("inspectListener() says what a descriptor is", (fds) => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    const { fd, port } = fds.listen(hostname);
    assert.deepEqual(inspectListener(fd), { hostname, port, isUnix: false });
  }
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/socket`;
    const unix = fds.keep(listenUnix(path));
    assert.deepEqual(inspectListener(unix), { hostname: path, port: 0, isUnix: true });
    assert.equal(inspectListener(fds.keep(connectUnix(path))), "a connection");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
  const abstract = fds.keep(libc().socket(1, 1, 0));
  assert.equal(inspectListener(abstract), "a socket that does not listen");
  const name = `@ktcp-socket-test-${Deno.pid}`;
  const address = encodeAbstractAddress(name.slice(1));
  assert.equal(libc().calls.bind(abstract, address, address.length), 0);
  assert.equal(libc().calls.listen(abstract, 1), 0);
  assert.deepEqual(inspectListener(abstract), { hostname: name, port: 0, isUnix: true });
  assert.equal(inspectListener(fds.keep(libc().socket(2, 2, 0))), "a datagram socket");
  assert.equal(inspectListener(fds.pipe()[0]), "no socket");
  assert.equal(inspectListener(NO_DESCRIPTOR), "not open");
});

test("duplicate(), setCloseOnExec() and setNonBlocking()", (fds) => {
  const flags = (fd: number) =>
    parseInt(/flags:\t(\d+)/.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))![1], 8);
  const { fd, port } = fds.listen();
  const copy = fds.keep(duplicate(fd));
  assert.deepEqual(localAddress(copy).port, port);
  const closeOnExec = 0o2000000;
  assert.equal(flags(copy) & closeOnExec, closeOnExec);
  assert.equal(setCloseOnExec(copy, false), 0);
  assert.equal(flags(copy) & closeOnExec, 0);
  assert.equal(setCloseOnExec(copy), 0);
  assert.equal(flags(copy) & closeOnExec, closeOnExec);
  const blocking = fds.keep(libc().socket(1, 1, 0));
  assert.equal(flags(blocking) & SOCK_NONBLOCK, 0);
  for (let i = 0; i < 2; ++i) assert.equal(setNonBlocking(blocking), 0);
  assert.equal(flags(blocking) & SOCK_NONBLOCK, SOCK_NONBLOCK);
  assert.equal(setNonBlocking(NO_DESCRIPTOR), -Errno.EBADF);
});

test("listenTcp() says what it cannot do", (fds) => {
  const { port } = fds.listen();
  assertFails(() => listenTcp({ hostname: "127.0.0.1", port }), "EADDRINUSE", /^bind\(127.0.0.1:/);
  assertFails(
    () => listenTcp({ hostname: "192.0.2.1", port: 0 }),
    "EADDRNOTAVAIL",
    /^bind\(192.0.2.1:0\)$/,
  );
  assert.throws(() => listenTcp({ hostname: "localhost", port: 0 }), TypeError);
  assert.throws(() => connectTcp("[::1]", 80), TypeError);
});

test("listenTcp({ reusePort }): the first listens alone, further ones join it", (fds) => {
  const hostname = "127.0.0.1";
  const first = listenTcp({ hostname, port: 0, reusePort: "first" });
  fds.keep(first.fd);
  const { port } = first;
  // Another process that starts at the same time is a first one, too.
  assertFails(() => listenTcp({ hostname, port, reusePort: "first" }), "EADDRINUSE", /^bind/);
  assertFails(() => listenTcp({ hostname, port }), "EADDRINUSE", /^bind/);
  const further = listenTcp({ hostname, port, reusePort: "further" });
  fds.keep(further.fd);
  // The kernel spreads connections over both: 64 of them do not all fall to one.
  for (let i = 0; i < 64; ++i) fds.keep(connectTcp(hostname, port));
  for (const { fd } of [first, further]) {
    awaitReady(fd, Interest.Read);
    fds.keep(accept(fd));
  }
});

test("listenTcp({ v6Only }) takes IPv4 connections, or does not", (fds) => {
  const both = listenTcp({ hostname: "::", port: 0, v6Only: false });
  fds.keep(both.fd);
  fds.keep(connectTcp("127.0.0.1", both.port));
  awaitReady(both.fd, Interest.Read);
  assert.equal(peerAddress(fds.keep(accept(both.fd))), "::ffff:127.0.0.1");
  const six = listenTcp({ hostname: "::", port: 0, v6Only: true });
  fds.keep(six.fd);
  const refused = fds.keep(connectTcp("127.0.0.1", six.port));
  awaitReady(refused, Interest.Write);
  assert.equal(socketError(refused), Errno.ECONNREFUSED);
  assert.equal(socketError(refused), 0);
});

test("options are set on TCP sockets, and refused where there is none", (fds) => {
  const [server] = fds.pair();
  const setters: Record<string, (fd: number) => number> = {
    noDelay: (fd) => setNoDelay(fd, true),
    cork: (fd) => setCork(fd, true),
    uncork: (fd) => setCork(fd, false),
    reusePort: setReusePort,
    sendBuffer: (fd) => setSendBuffer(fd, 65536),
    receiveBuffer: (fd) => setReceiveBuffer(fd, 65536),
    receiveTimeout: (fd) => setReceiveTimeout(fd, 1500),
    sendTimeout: (fd) => setSendTimeout(fd, 0),
    resetOnClose: setResetOnClose,
  };
  for (const [name, set] of Object.entries(setters)) assert.equal(set(server), 0, name);
  for (const [name, set] of Object.entries(setters)) {
    assert.equal(set(NO_DESCRIPTOR), -Errno.EBADF, name);
  }
  assert.equal(shutdown(NO_DESCRIPTOR, Shutdown.Both), -Errno.EBADF);
  assert.equal(socketError(NO_DESCRIPTOR), Errno.EBADF);
});

test("dataSegments() counts both ends' segments, and is for TCP", (fds) => {
  const [server, client] = fds.pair();
  setNoDelay(server, true);
  for (const text of ["one", "two", "three"]) sendText(server, text);
  drain(client, 11);
  assert.deepEqual(dataSegments(server), { received: 0, sent: 3 });
  assert.deepEqual(dataSegments(client), { received: 3, sent: 0 });
  setCork(server, true);
  for (const text of ["one", "two", "three"]) sendText(server, text);
  assert.deepEqual(dataSegments(server).sent, 3);
  setCork(server, false);
  drain(client, 11);
  assert.deepEqual(dataSegments(client).received, 4);
  const call = /^getsockopt\(TCP_INFO\)$/;
  assertFails(() => dataSegments(NO_DESCRIPTOR), "EBADF", call);
  assertFails(() => dataSegments(fds.pipe()[0]), "ENOTSOCK", call);
});

test("noDelay is inherited by accepted sockets", (fds) => {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0, noDelay: true });
  fds.keep(listener.fd);
  fds.keep(connectTcp("127.0.0.1", listener.port));
  awaitReady(listener.fd, Interest.Read);
  const server = fds.keep(accept(listener.fd));
  const value = new Int32Array(new ArrayBuffer(4));
  const length = new Uint32Array([4]);
  const IPPROTO_TCP = 6, TCP_NODELAY = 1;
  const bytes = [value, length].map((array) => new Uint8Array(array.buffer));
  libc().calls.getsockopt(server, IPPROTO_TCP, TCP_NODELAY, bytes[0], bytes[1]);
  assert.equal(value[0], 1);
});

test("acceptBlocking(): recv waits for bytes, at most as long as SO_RCVTIMEO", (fds) => {
  const { fd, port } = fds.listen();
  const client = fds.keep(connectTcp("127.0.0.1", port));
  awaitReady(fd, Interest.Read);
  const server = fds.keep(acceptBlocking(fd));
  setReceiveTimeout(server, 20);
  const before = performance.now();
  assert.equal(receiveText(server), -Errno.EAGAIN);
  assert.ok(performance.now() - before >= 10, "it has waited");
  sendText(client, "x");
  setReceiveTimeout(server, 0);
  assert.equal(receiveText(server), "x");
});

test("send() takes part of what does not fit, then nothing", (fds) => {
  const [server] = fds.pair();
  assert.ok(fill(server) > 0);
  assert.equal(sendText(server, "x"), -Errno.EAGAIN);
});

test("openConnection() and connectAgain() tell how a connect stands", (fds) => {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  fds.keep(listener.fd);
  const address = encodeTcpAddress("127.0.0.1", listener.port);
  const fd = fds.keep(openConnection(address));
  assert.equal(connectAgain(fd, address), 0);
  assert.equal(connectAgain(fd, address), 0, "as often as one asks");
  fds.keep(accept(listener.fd));
  const nobody = encodeTcpAddress("127.0.0.1", 9);
  const refused = fds.keep(openConnection(nobody));
  assert.equal(connectAgain(refused, nobody), -Errno.ECONNREFUSED);
  assert.equal(openConnection(encodeUnixAddress("/no/such/socket")), -Errno.ENOENT);
});

Deno.test("Libc.describe() has the words of the system", { ignore: notLinux }, () => {
  assert.equal(libc().describe(Errno.ECONNREFUSED), "Connection refused");
});
