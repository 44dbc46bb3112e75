import assert from "node:assert/strict";
import { Errno } from "../../../system/linux/errno.ts";
import { openFile, readAt, sendfile, stat } from "../../../system/linux/file.ts";
import { MemoryPointers } from "../../../system/linux/memory.ts";
import { Interest } from "../../../system/linux/pollers/poller.ts";
import { setResetOnClose } from "../../../system/linux/socket.ts";
import { awaitReady, Descriptors, drain, fill, notLinux, receiveText } from "./sockets.ts";

function test(name: string, fn: (fds: Descriptors, directory: string) => void): void {
  Deno.test({
    name,
    ignore: notLinux,
    fn: () => {
      const directory = Deno.makeTempDirSync();
      try {
        using descriptors = new Descriptors();
        fn(descriptors, directory);
      } finally {
        Deno.removeSync(directory, { recursive: true });
      }
    },
  });
}

test("stat() tells what Deno.stat tells", (fds, directory) => {
  const path = `${directory}/file`;
  Deno.writeTextFileSync(path, "hello");
  Deno.utimeSync(path, 1_600_000_000, 1_700_000_000.25);
  const expected = Deno.statSync(path);
  const { mtimeMs, ...status } = stat(fds.keep(openFile(path)));
  assert.deepEqual(status, { isFile: true, size: 5, ino: expected.ino, dev: expected.dev });
  assert.equal(Math.floor(mtimeMs), expected.mtime!.getTime());
  assert.equal(stat(fds.keep(openFile(directory))).isFile, false);
});

test("openFile() says what it cannot open", (fds, directory) => {
  Deno.symlinkSync("file", `${directory}/link`);
  Deno.writeTextFileSync(`${directory}/file`, "");
  assert.throws(() => openFile(`${directory}/none`), { code: "ENOENT" });
  assert.throws(() => openFile(`${directory}/link`, { followLink: false }), { code: "ELOOP" });
  const root = fds.keep(openFile(directory));
  assert.equal(stat(fds.keep(openFile("link", { directory: root }))).size, 0);
});

test("readAt() reads at an offset, and nothing at the end", (fds, directory) => {
  Deno.writeTextFileSync(`${directory}/file`, "hello");
  const fd = fds.keep(openFile(`${directory}/file`));
  const bytes = new Uint8Array(16);
  const pointers = new MemoryPointers(bytes);
  assert.equal(readAt(fd, pointers.at(1), 10, 2), 3);
  assert.equal(new TextDecoder().decode(bytes.subarray(0, 5)), "\0llo\0");
  assert.equal(readAt(fd, pointers.at(0), 10, 2 ** 40), 0);
});

test(
  "sendfile() sends a range, also beyond 4 GiB, and says where a file ends",
  (fds, directory) => {
    const path = `${directory}/file`;
    const offset = 2 ** 32 + 5;
    {
      using file = Deno.openSync(path, { write: true, create: true });
      file.seekSync(offset, Deno.SeekMode.Start);
      file.writeSync(new TextEncoder().encode("hello"));
    }
    const fd = fds.keep(openFile(path));
    const [server, client] = fds.pair();
    assert.equal(sendfile(server, fd, offset + 1, 3), 3);
    awaitReady(client, Interest.Read);
    assert.equal(receiveText(client), "ell");
    assert.equal(sendfile(server, fd, offset + 5, 3), 0);
    Deno.truncateSync(path, 10);
    assert.equal(sendfile(server, fd, offset, 3), 0);
  },
);

test("sendfile() stops where there is no room, and when the peer is gone", (fds, directory) => {
  const path = `${directory}/file`;
  Deno.writeFileSync(path, new Uint8Array(1 << 20));
  const fd = fds.keep(openFile(path));
  const [server, client] = fds.pair();
  const count = fill(server);
  assert.equal(sendfile(server, fd, 0, 1 << 20), -Errno.EAGAIN);
  drain(client, count);
  awaitReady(server, Interest.Write);
  assert.ok(sendfile(server, fd, 0, 1 << 20) > 0);
  setResetOnClose(client);
  fds.close(client);
  awaitReady(server, Interest.Read);
  assert.equal(receiveText(server), -Errno.ECONNRESET);
  assert.equal(sendfile(server, fd, 0, 1 << 20), -Errno.EPIPE);
});
