import assert from "node:assert/strict";
import { Errno } from "../../../system/linux/errno.ts";
import { engineSupport, explainRefusal, linuxEngines } from "../../../system/linux/engines.ts";
import { SystemError } from "../../../system/linux/libc.ts";
import { notLinux } from "./sockets.ts";

Deno.test("linuxEngines() offers every poller on Linux, and gives a reason for what is missing", {
  ignore: notLinux,
}, () => {
  const engines = linuxEngines();
  assert.deepEqual(engines.map(({ name }) => name), ["select", "poll", "epoll", "io_uring"]);
  for (const { name, isAvailable, reason } of engines) {
    assert.equal(isAvailable, reason === undefined, name);
    if (name !== "io_uring") assert.equal(isAvailable, true, name);
  }
  assert.deepEqual(engineSupport("poll"), { name: "poll", isAvailable: true });
});

Deno.test("explainRefusal() says what the kernel's answer means", () => {
  const cases: [errno: number, disabled: string | null, expected: RegExp][] = [
    [Errno.ENOSYS, null, /^this kernel \(5\.15\.0\) has no io_uring, .* Linux 6\.1 or later/],
    [Errno.EINVAL, "0", /^io_uring of this kernel \(5\.15\.0\) lacks .* Linux 6\.1 or later/],
    [Errno.EPERM, "2", /^kernel\.io_uring_disabled is 2: .* for everybody$/],
    [
      Errno.EPERM,
      "1",
      /^kernel\.io_uring_disabled is 1: .* CAP_SYS_ADMIN or kernel\.io_uring_group/,
    ],
    [Errno.EPERM, "0", /^a sandbox \(seccomp.*: io_uring_setup: EPERM$/],
    [Errno.EPERM, null, /^a sandbox/],
    [Errno.ENOMEM, "0", /ulimit -l/],
    [Errno.EMFILE, "0", /^io_uring_setup: EMFILE$/],
  ];
  for (const [errno, disabled, expected] of cases) {
    const text = explainRefusal(new SystemError("io_uring_setup", errno), {
      release: "5.15.0",
      disabled,
    });
    assert.match(text, expected);
    assert.doesNotMatch(text, /[.\n]$/);
  }
  const unknown = { release: null, disabled: null };
  assert.match(
    explainRefusal(new SystemError("io_uring_setup", Errno.ENOSYS), unknown),
    /^this kernel has/,
  );
});
