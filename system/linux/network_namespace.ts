/**
 * A network namespace for one thread (network_namespaces(7)), for experiments with the kernel's
 * settings.
 */
import { libc } from "./libc.ts";
import { AF_INET } from "./sockaddr.ts";

const CLONE_NEWNET = 0x40000000;
const SOCK_DGRAM = 2;
const SIOCSIFFLAGS = 0x8914n;
const IFF_UP = 1;

/** Bytes of a `struct ifreq`, and where its flags are: behind a name of 16 bytes. */
const IFREQ_BYTES = 40;
const FLAGS_OFFSET = 16;

/**
 * Moves the calling thread into a new network namespace, which has only a loopback interface. From
 * here on the thread has its own sockets, ports, counters and `/proc/sys/net`; the process's other
 * threads are not affected. The namespace ends with the thread. Its files in `/proc` are only seen
 * under `/proc/thread-self`, and with synchronous calls.
 *
 * @throws {SystemError} EPERM without CAP_SYS_ADMIN
 */
export function enterOwnNetwork(): void {
  const system = libc();
  system.check("unshare(CLONE_NEWNET)", system.calls.unshare(CLONE_NEWNET));
  const request = new Uint8Array(IFREQ_BYTES);
  request.set(new TextEncoder().encode("lo"));
  new DataView(request.buffer).setUint16(FLAGS_OFFSET, IFF_UP, true);
  const fd = system.socket(AF_INET, SOCK_DGRAM, 0);
  try {
    system.check("ioctl(SIOCSIFFLAGS)", system.calls.ioctl(fd, SIOCSIFFLAGS, request));
  } finally {
    system.close(fd);
  }
}
