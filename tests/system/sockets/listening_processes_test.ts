/** Which processes serve a port. */
import assert from "node:assert/strict";
import { listeningProcesses } from "../../../system/sockets/listening_processes.ts";

Deno.test({
  name: "listeningProcesses(): finds this process by its port, at its address and at the wildcard",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    for (const hostname of ["127.0.0.1", "0.0.0.0"]) {
      using listener = Deno.listen({ hostname, port: 0 });
      const { port } = listener.addr;
      assert.deepEqual(listeningProcesses("127.0.0.1", port), [Deno.pid]);
      // Documentation addresses (RFC 5737) are of no machine.
      assert.deepEqual(listeningProcesses("192.0.2.1", port), []);
    }
    const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = closed.addr;
    assert.deepEqual(listeningProcesses("127.0.0.2", port), [], "another address of this machine");
    closed.close();
    assert.deepEqual(listeningProcesses("127.0.0.1", port), []);
  },
});
