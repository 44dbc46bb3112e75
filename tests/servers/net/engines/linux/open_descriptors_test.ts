import assert from "node:assert/strict";
import { OpenDescriptors } from "../../../../../servers/net/engines/linux/open_descriptors.ts";
import { Interest } from "../../../../../system/linux/pollers/poller.ts";
import { accept, connectTcp, duplicate, localAddress } from "../../../../../system/linux/socket.ts";
import {
  awaitReady,
  Descriptors,
  notLinux,
  receiveText,
} from "../../../../system/linux/sockets.ts";

Deno.test("OpenDescriptors: closes what another thread has left open, and nothing else", {
  ignore: notLinux,
}, () => {
  using descriptors = new Descriptors();
  const shared = OpenDescriptors.share(1 << 16);
  const [leftOpen, ofIt] = descriptors.pair();
  const [closed, ofClosed] = descriptors.pair();
  const thread = new OpenDescriptors(shared);
  thread.add(leftOpen);
  thread.add(closed);
  // The thread has let go of this one, which another one may have by now.
  thread.delete(closed);
  const owner = new OpenDescriptors(shared);
  descriptors.forget(leftOpen);
  owner.closeAll();
  assert.equal(receiveText(ofIt), "", "its peer sees the FIN");
  assert.equal(typeof receiveText(ofClosed), "number", "nothing has come here");
  // Once.
  assert.equal(new Uint8Array(shared).findIndex((state) => state !== 0), -1);
});

Deno.test("OpenDescriptors: does not shut down what others have, too", { ignore: notLinux }, () => {
  using descriptors = new Descriptors();
  const shared = OpenDescriptors.share(1 << 16);
  const { fd, port } = descriptors.listen();
  const own = duplicate(fd);
  new OpenDescriptors(shared).addShared(own);
  new OpenDescriptors(shared).closeAll();
  descriptors.keep(connectTcp("127.0.0.1", port));
  awaitReady(fd, Interest.Read);
  assert.ok(descriptors.keep(accept(fd)) >= 0);
  assert.equal(localAddress(fd).port, port);
});
