/** What TIME-WAIT is, with the numbers of a machine. Pure. */
import { wrap } from "../../bench/report/text_layout.ts";
import type { TimeWaitSettings } from "../../system/sockets/settings.ts";

/** TCP_TIMEWAIT_LEN (include/net/tcp.h): fixed when the kernel is compiled. */
const TIME_WAIT_SECONDS = 60;

const LAYOUT = { width: 88, margin: "  " };

/** A heading and its paragraphs. */
type Section = [heading: string, ...paragraphs: string[]];

/**
 * Explains TIME-WAIT to a person.
 *
 * @param timeWaitCount sockets in TIME-WAIT now
 */
export function explainTimeWait(timeWaitCount: number, settings: TimeWaitSettings): string {
  const sections: Section[] = [
    [
      `TIME-WAIT on this machine: ${timeWaitCount} ${
        timeWaitCount === 1 ? "socket" : "sockets"
      } now`,
    ],
    [
      "Who holds it",
      `The end that closes first: the one whose FIN goes out before the other's arrives. With
       one connection per request that is the server, if it ends each response by closing
       ("Connection: close"), or the client, if the client hangs up first. If both close at
       once, both hold it.`,
      `The kernel alone keeps it: no process, no file descriptor, some 250 bytes of memory.`,
    ],
    [
      "How long",
      `${TIME_WAIT_SECONDS} seconds, compiled into Linux (TCP_TIMEWAIT_LEN). RFC 9293 asks for twice the maximum
       segment lifetime (MSL), which it puts at 2 minutes.`,
      `tcp_fin_timeout (${seconds(settings.finTimeoutS)}) does not change it: that limits
       FIN-WAIT-2, the wait for the peer's FIN, of a socket that no process holds any more.`,
    ],
    [
      "Why",
      `1. The last ACK may be lost. The peer then sends its FIN again, and somebody must be there
       to acknowledge it; otherwise a reset answers, and a clean close looks like an error.`,
      `2. A late duplicate of an old segment must not be taken for data of a new connection
       between the same two addresses and ports.`,
    ],
    [
      "What it costs",
      `A server: hardly anything. Its port stays usable, also for a restart if it sets
       SO_REUSEADDR, as Deno and most servers do. A SYN from the same client port with a newer
       timestamp or a higher sequence number opens the pair again at once.`,
      `A client that closes first: the local port, which it cannot use again for the same
       destination. ${portCost(settings)}`,
      bucketCost(timeWaitCount, settings),
    ],
    [
      "What tcp_tw_reuse changes",
      reuse(settings),
      `It concerns only connect(), never the end that accepts, and only pairs that used TCP
       timestamps (tcp_timestamps is ${timestamps(settings)}), which tell old segments from new.
       tcp_tw_recycle, which broke clients behind NAT, was removed in Linux 4.12.`,
    ],
    [
      "What SO_LINGER changes",
      `With l_onoff = 1 and l_linger = 0, close() sends RST instead of FIN: no TIME-WAIT, but data
       that is not yet delivered is thrown away, and the peer reads ECONNRESET. With
       l_linger > 0, close() waits until the data is acknowledged or the time is over, and
       TIME-WAIT follows as usual.`,
      `Neither is a cure. Keep-alive is: a connection that is used again is not closed.`,
    ],
    [
      "To see it, and to end it",
      "ktcp sockets --state time-wait",
      "sudo ktcp sockets drop --state time-wait --port 12345",
    ],
  ];
  return sections.map(([heading, ...paragraphs]) => {
    return [heading, ...paragraphs.map((text) => wrap(text, LAYOUT))].join("\n");
  }).join("\n\n");
}

function portCost({ portRange }: TimeWaitSettings): string {
  if (!portRange) return "ip_local_port_range, unknown here, limits how many it has.";
  const ports = portRange[1] - portRange[0] + 1;
  const rate = Math.floor(ports / TIME_WAIT_SECONDS);
  return `ip_local_port_range has ${ports} of them (${portRange.join("-")}): ${rate} connections
    per second to one address and port, then connect() fails with EADDRNOTAVAIL.`;
}

function bucketCost(count: number, { maxTwBuckets }: TimeWaitSettings): string {
  if (maxTwBuckets === undefined) return "tcp_max_tw_buckets, unknown here, limits their number.";
  const percent = (100 * count / maxTwBuckets).toFixed(1);
  return `The machine: at most tcp_max_tw_buckets = ${maxTwBuckets} are kept, of which ${percent} %
    are in use. Beyond that a connection ends without TIME-WAIT, and the kernel log says
    "time wait bucket table overflow".`;
}

function reuse({ twReuse, twReuseDelayMs }: TimeWaitSettings): string {
  const after = `after ${seconds(twReuseDelayMs === undefined ? 1 : twReuseDelayMs / 1000)}`;
  const meanings = [
    "0: connect() takes no local port that is in TIME-WAIT to the same destination.",
    `1: connect() may take a local port that is in TIME-WAIT to the same destination ${after}.`,
    `2: as 1, but on loopback only: there connect() may take a local port that is in TIME-WAIT to
     the same destination ${after}.`,
  ];
  if (twReuse === undefined) return "It is unknown here: 0 is never, 1 always, 2 on loopback.";
  return `Here it is ${meanings[twReuse] ?? twReuse}`;
}

function timestamps({ timestamps }: TimeWaitSettings): string {
  if (timestamps === undefined) return "unknown here";
  return timestamps === 0 ? "off here" : "on here";
}

function seconds(value: number | undefined): string {
  if (value === undefined) return "unknown here";
  return value === 1 ? "1 second" : `${value} seconds`;
}
