import assert from "node:assert/strict";
import { deviceName, fileSystemType, parseMountInfo } from "../../system/mounts.ts";

Deno.test("parseMountInfo() tells file systems by device, whatever stands around them", () => {
  const text = [
    "22 27 0:21 / /sys rw,nosuid,nodev shared:7 - sysfs sysfs rw",
    "36 35 98:0 /mnt1 /mnt\\0402 - rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
    "41 22 259:1048575 / /run rw - cgroup2 cgroup2 rw,nsdelegate",
    "",
  ].join("\n");
  assert.deepEqual([...parseMountInfo(text)], [
    ["0:21", "sysfs"],
    ["98:0", "ext3"],
    ["259:1048575", "cgroup2"],
  ]);
  assert.equal(parseMountInfo("").size, 0);
});

Deno.test("deviceName() takes a device number apart as makedev(3) puts it together", () => {
  const cases: [dev: number, name: string][] = [
    [0x0000_0015, "0:21"],
    [0x0000_fd03, "253:3"],
    [0x0010_0805, "8:261"],
    [0xfff1_0300, "259:1048320"],
  ];
  for (const [dev, name] of cases) assert.equal(deviceName(dev), name, dev.toString(16));
});

Deno.test({
  name: "fileSystemType() knows the kernel's own file systems",
  ignore: Deno.build.os !== "linux",
  fn() {
    const typeOf = (path: string) => fileSystemType(Deno.statSync(path).dev);
    assert.equal(typeOf("/proc/self"), "proc");
    assert.equal(typeOf("/sys"), "sysfs");
    assert.notEqual(typeOf("."), "proc");
    assert.equal(fileSystemType(Number.MAX_SAFE_INTEGER), undefined);
  },
});
