/** File systems that are mounted, as the kernel lists them: proc_pid_mountinfo(5). */
import { readProc } from "./proc.ts";

/** The types of file systems by device, which is `major:minor`, in the text of `mountinfo`. Pure. */
export function parseMountInfo(text: string): Map<string, string> {
  // 36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw,errors=continue
  const lines = text.matchAll(/^\d+ \d+ (\d+:\d+) .* - (\S+) /gm);
  return new Map([...lines].map(([, device, type]) => [device, type]));
}

/** A device as `mountinfo` writes it, from the number that stat(2) tells: makedev(3). Pure. */
export function deviceName(dev: number): string {
  const bits = BigInt(dev);
  const major = bits >> 8n & 0xfffn | bits >> 32n & ~0xfffn;
  const minor = bits & 0xffn | bits >> 12n & 0xffff_ff00n;
  return `${major}:${minor}`;
}

/**
 * The type of the file system on device `dev`, as `proc` or `ext4`; undefined where the system does
 * not tell.
 */
export function fileSystemType(dev: number): string | undefined {
  return parseMountInfo(readProc("/proc/self/mountinfo") ?? "").get(deviceName(dev));
}
