import assert from "node:assert/strict";
import { diskError, isDiskError } from "../../../servers/files/disk_error.ts";

/** An error as `node:fs` throws it. */
function nodeError(code: string): Error {
  return Object.assign(new Error(`${code}: something, open '/x'`), { code });
}

const TABLE: Record<number, string> = {
  403: "EACCES EPERM",
  404: "ENOENT ENOTDIR EISDIR ELOOP ENAMETOOLONG EINVAL EILSEQ ENXIO ENODEV ESTALE",
  500: "EIO EBADF EFBIG EFAULT EROFS EOVERFLOW ENOTCONN EUCLEAN EREMOTEIO ENOSYS ESPIPE EDOM " +
    "ENOTSUP EUNKNOWN",
  503: "EMFILE ENFILE ENOMEM ENOBUFS ENOSPC EDQUOT EAGAIN EBUSY EINTR ETXTBSY ETIMEDOUT",
};

Deno.test("diskError() gives each error of the system its status, by its code", () => {
  for (const [status, names] of Object.entries(TABLE)) {
    for (const name of names.split(" ")) {
      assert.deepEqual(diskError(nodeError(name)), { status: Number(status), name });
    }
  }
});

Deno.test("diskError() reads the number where there is no code, and the class where there is none", () => {
  const { errors } = Deno;
  const cases: [error: Error, status: number, name: string][] = [
    [new Error("Too many open files (os error 24)"), 503, "EMFILE"],
    [new Error("Too many open files in system (os error 23): stat '/x'"), 503, "ENFILE"],
    [new Error("Input/output error (os error 5): readdir '/x'"), 500, "EIO"],
    [new Error("Structure needs cleaning (os error 117)"), 500, "os error 117"],
    [new errors.NotCapable(`Requires all access to "/proc"`), 403, "NotCapable"],
    [new errors.PermissionDenied("no"), 403, "EACCES"],
    [new errors.NotFound("no"), 404, "ENOENT"],
    [new errors.NotADirectory("no"), 404, "ENOTDIR"],
    [new errors.IsADirectory("no"), 404, "EISDIR"],
    [new errors.FilesystemLoop("no"), 404, "ELOOP"],
    [new errors.Busy("no"), 503, "EBUSY"],
    [new errors.Interrupted("no"), 503, "EINTR"],
    [new errors.WouldBlock("no"), 503, "EAGAIN"],
    [new errors.TimedOut("no"), 503, "ETIMEDOUT"],
    [new RangeError("Array buffer allocation failed"), 503, "ENOMEM"],
  ];
  for (const [error, status, name] of cases) {
    assert.deepEqual(diskError(error), { status, name }, error.message);
  }
});

Deno.test("diskError() takes bugs for nothing else", () => {
  const bugs = [
    new TypeError("x is not a function"),
    new RangeError("Invalid array length"),
    Object.assign(new TypeError("bad argument"), { code: "ERR_INVALID_ARG_TYPE" }),
    new Error("plain"),
    "EIO",
    undefined,
    null,
    { code: "EIO" },
  ];
  for (const bug of bugs) assert.equal(isDiskError(bug), false, String(bug));
});
