/** Reads the files that list the requests of a load: that of `--urls`, and the log of `--replay`. */
import { messageOf } from "../../system/message_of.ts";
import type { LoadRequest } from "../../bench/http/htstress.ts";
import {
  type LoggedRequest,
  type NotReplayable,
  parseLogLine,
  replaySchedule,
} from "../../bench/http/logged_request.ts";
import type { Header, RequestForm } from "../../bench/http/request.ts";
import {
  type ListedTarget,
  TargetListError,
  TargetListReader,
} from "../../bench/http/target_list.ts";
import type { HttpUrl } from "../../bench/http/target.ts";
import { formatCount } from "../../system/units.ts";
import { Failure, UsageError } from "../shared/failure.ts";
import { linesOf } from "../shared/lines.ts";

/** The most requests that a file may list: they are kept in memory. */
export const MAX_LISTED = 1_000_000;

/**
 * The requests that the file of `--urls` lists.
 *
 * @param form what is sent for lines that are only a URL; its headers are also sent with all requests
 *   that have none of the same name
 * @throws {UsageError} which names file and line
 */
export async function readTargets(path: string, form: RequestForm): Promise<LoadRequest[]> {
  const reader = new TargetListReader();
  const bodies = new Map<string, Uint8Array>();
  const requests: LoadRequest[] = [];
  const add = ({ url, method, headers, bodyFile }: ListedTarget) => {
    if (requests.length === MAX_LISTED) {
      throw new UsageError(`--urls '${path}' lists more than ${formatCount(MAX_LISTED)} targets`);
    }
    if (method === undefined) requests.push({ url, ...form });
    else {
      const body = bodyFile === undefined ? undefined : bodies.get(bodyFile);
      requests.push({ url, method, headers: withDefaults(headers, form.headers), body });
    }
  };
  let number = 0;
  for await (const line of linesOf("urls", path)) {
    ++number;
    try {
      for (const target of reader.take(line)) {
        if (target.bodyFile !== undefined && !bodies.has(target.bodyFile)) {
          bodies.set(target.bodyFile, Deno.readFileSync(target.bodyFile));
        }
        add(target);
      }
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const why = error instanceof TargetListError
        ? error.message
        : `Cannot read the content '${line.trim()}': ${messageOf(error)}`;
      throw new UsageError(`--urls '${path}' line ${number}: ${why}`);
    }
  }
  reader.end().forEach(add);
  if (requests.length > 0) return requests;
  throw new UsageError(`--urls '${path}' lists no target; write a URL on each line`);
}

/** What `--replay` sends. */
export interface Replay {
  sent: LoadRequest[];
  /** When each request starts, in microseconds from the start of the run. */
  startsUs: Float64Array;
  /** Notes for the user, one line each. */
  notes: string[];
}

/** How a log is replayed. */
export interface ReplayOptions {
  /** Where the requests go, whatever the log says. */
  server: HttpUrl;
  /** How many times as fast as logged the requests are sent. */
  speed: number;
  /** How many requests are sent at most, from the first on; absent: all. */
  most?: number;
  /** Sent with every request, in place of fields of the same name in the log. */
  headers: readonly Header[];
}

/**
 * The requests of the log of `--replay`.
 *
 * @throws {UsageError} when it cannot be read
 * @throws {Failure} when none of its requests can be sent again
 */
export async function readReplay(path: string, options: ReplayOptions): Promise<Replay> {
  const { server, speed, most, headers } = options;
  const logged: LoggedRequest[] = [];
  const skipped = new Map<NotReplayable, { count: number; first: number }>();
  let number = 0;
  for await (const line of linesOf("replay", path)) {
    ++number;
    if (line.trim() === "") continue;
    const request = parseLogLine(line);
    if (typeof request !== "string") {
      if (logged.push(request) > MAX_LISTED) {
        throw new UsageError(
          `--replay '${path}' has more than ${formatCount(MAX_LISTED)} requests; split it`,
        );
      }
      continue;
    }
    const { count, first } = skipped.get(request) ?? { count: 0, first: number };
    skipped.set(request, { count: count + 1, first });
  }
  const why = [...skipped].map(([reason, { count, first }]) =>
    `${formatCount(count)}: ${reason} (first: line ${first})`
  );
  if (logged.length === 0) {
    throw new Failure(
      `Cannot replay '${path}': it has no request that can be sent again` +
        (why.length > 0 ? `; lines left out: ${why.join("; ")}` : ""),
    );
  }
  const { requests, startsUs } = replaySchedule(logged, speed);
  const count = Math.min(requests.length, most ?? Infinity);
  const seconds = startsUs[count - 1] / 1e6;
  const notes = [
    `replaying ${formatCount(count)} requests of '${path}' in ${seconds.toFixed(1)} s`,
  ];
  if (requests.some(({ isCoarse }) => isCoarse)) {
    notes.push(`'${path}' has times in whole seconds: requests are spread over their second`);
  }
  if (why.length > 0) notes.push(`lines of '${path}' that are left out: ${why.join("; ")}`);
  return {
    sent: requests.slice(0, count).map(({ method, target, headers: own }) => ({
      url: { ...server, target },
      method,
      headers: withDefaults(headers, own),
    })),
    startsUs: startsUs.subarray(0, count),
    notes,
  };
}

/** `headers`, and those of `defaults` whose names they lack. */
function withDefaults(headers: readonly Header[], defaults: readonly Header[]): Header[] {
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  return [...headers, ...defaults.filter(([name]) => !names.has(name.toLowerCase()))];
}
