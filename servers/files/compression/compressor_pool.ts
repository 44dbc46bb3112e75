/**
 * Compression on the fly, hashing of large files, and checking of passwords, in Workers of their
 * own. zlib blocks the thread that calls it, even through the runtime's asynchronous functions and
 * streams, and threads that serve must not wait for it.
 *
 * One pool serves all threads of a server: the owner directly, its Workers over a port each. It
 * bounds how many Workers compress, how many bytes are in memory for them, and how many answers
 * wait for their turn (without holding bytes). An answer waits for a bounded time; then the file is
 * sent uncompressed, and a copy that was begun is finished and kept. Copies are kept by content, so
 * one version of a file is compressed once per coding, for all.
 */
import type { ContentTags, FilesPlace, FileVersion } from "../content_tags.ts";
import { FaultLog } from "../fault_log.ts";
import { stderr } from "../../../system/stderr.ts";
import { Cache } from "../cache.ts";
import { type Compressed, type Compressor, copyKey, type Original } from "../compress.ts";
import type { Users } from "../htpasswd.ts";
import type { Coding } from "../negotiate.ts";
import type { Credentials } from "../options.ts";
import type { PasswordJudge } from "../passwords.ts";
import {
  allocWorkqueue,
  cancelWork,
  destroyWorkqueue,
  killWork,
  queueWork,
  Work,
  WorkerPools,
  type Workqueue,
  WQ_UNBOUND,
} from "../../workqueue/mod.ts";
import type { FromCompressors, ToCompressors } from "./messages.ts";
import { HashQueue } from "./hash_queue.ts";
import { type Comparison, PasswordQueue } from "./password_queue.ts";
import { readShared } from "./shared_copy.ts";

/** More Workers would mostly cost memory: these together already compress about 100 MB/s. */
const MAX_WORKERS = 4;

/** Bytes of files held in memory for the compressors; other files wait unread. */
const MAX_BYTES = 8 << 20;

/** Most answers that may wait for copies at the same time. */
const MAX_WAITING = 256;

/** The longest wait of an answer for a copy. */
const MAX_WAIT_MS = 2000;

/** How many Workers compress: one core is left for serving where there are several. */
export function compressorWorkers(): number {
  return Math.min(MAX_WORKERS, Math.max(1, navigator.hardwareConcurrency - 1));
}

/** Workers that hash files: one, as files are hashed one at a time. */
export const HASH_WORKERS = 1;

/**
 * Workers that check passwords, if there is a password file: one, as passwords are checked one at a
 * time.
 */
export const PASSWORD_WORKERS = 1;

/** Settings of a pool. */
export interface CompressorPoolOptions {
  /** The directory of the files to hash; without it no file is hashed. */
  files?: FilesPlace;
  /** Users and their password hashes; without it every password is rejected. */
  users?: Users;
  /** Bounds the copies that are kept. */
  cacheBytes: number;
  /** Answers that wait at the same time; 256 by default. */
  maxWaiting?: number;
  /** The longest wait of an answer, in milliseconds; 2000 by default. */
  maxWaitMs?: number;
  /** Bytes of files that are in memory for a compressor; 8 MiB by default. */
  maxBytes?: number;
  /** Takes whole lines about faults; must not wait. Default: stderr. */
  print?: (lines: string) => void;
}

/** What is to be compressed, on any thread. */
interface Wanted extends Omit<Original, "read"> {
  /** The bytes in shared memory; `undefined` when they cannot be read. */
  read(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** The data of a compressor's item. */
interface EncodeData {
  bytes: Uint8Array;
  coding: Coding;
}

/** A copy that is wanted, and the answers that wait for it. */
class Job {
  readonly key: string;
  readonly wanted: Wanted;
  /** Whether its bytes count towards `bytesUnderWay`. */
  isStarted = false;
  work: Work<EncodeData, Compressed> | undefined;
  /** Each is called once: with the copy, or with undefined when the job is given up. */
  readonly waiting = new Set<(copy: Compressed | undefined) => void>();

  constructor(key: string, wanted: Wanted) {
    this.key = key;
    this.wanted = wanted;
  }
}

/** Compresses for all threads of a server. Must live on the thread that creates Workers. */
export class CompressorPool implements Compressor, ContentTags, PasswordJudge {
  readonly #options: Required<Omit<CompressorPoolOptions, "files" | "users">>;
  readonly #files: FilesPlace | undefined;
  readonly #kept: Cache<Compressed>;
  readonly #jobs = new Map<string, Job>();
  readonly #hashes = new HashQueue((file) => this.#hash(file));
  readonly #passwords: PasswordQueue | undefined;
  /** Each cancels one running item that is not a compression (a hash or a password check). */
  readonly #others = new Set<() => void>();
  readonly #faults: FaultLog;
  #bytes = 0;
  #waiting = 0;
  #queue: Workqueue | undefined;
  #isStopped = false;

  /** Creates no Worker before the first copy is wanted. */
  constructor({ files, users, ...options }: CompressorPoolOptions) {
    this.#files = files;
    this.#passwords = users &&
      new PasswordQueue(users, (comparison) => this.#compare(comparison));
    this.#options = {
      maxWaiting: MAX_WAITING,
      maxWaitMs: MAX_WAIT_MS,
      maxBytes: MAX_BYTES,
      print: (lines) => stderr.log(lines),
      ...options,
    };
    this.#faults = new FaultLog(this.#options.print);
    this.#kept = new Cache(options.cacheBytes);
  }

  /** Bytes of files that are in memory for a compressor. */
  get bytesUnderWay(): number {
    return this.#bytes;
  }

  compress(original: Original): Compressed | undefined | Promise<Compressed | undefined> {
    const { tag, coding, size } = original;
    return this.#copy({ tag, coding, size, read: () => readShared(original) });
  }

  tagOf(file: FileVersion): string | undefined {
    const known = this.#hashes.get(file);
    if (known === undefined) this.#hashes.begin(file);
    return known;
  }

  isRight(credentials: Credentials): Promise<boolean | undefined> {
    return this.#passwords?.isRight(credentials) ?? Promise.resolve(false);
  }

  /** Replaces the users. Only for a pool that was created with users. */
  set users(users: Users) {
    this.#passwords!.users = users;
  }

  /**
   * Serves a Worker that has a `RemoteCompressor` at the other end of `port`.
   *
   * @returns a function to be called when the Worker is gone
   */
  serve(port: MessagePort): () => void {
    let isOpen = true;
    const post = (message: FromCompressors) => isOpen && port.postMessage(message);
    const wanted = new Map<number, (bytes: Uint8Array | undefined) => void>();
    port.onmessage = async ({ data }: MessageEvent<ToCompressors>) => {
      const { id } = data;
      if (data.kind === "send") {
        wanted.get(id)?.(data.bytes);
        wanted.delete(id);
        return;
      }
      if (data.kind === "hash") {
        return post({ kind: "tag", id, tag: await this.#hashes.tag(data.file) });
      }
      if (data.kind === "judge") {
        return post({ kind: "judged", id, isRight: await this.isRight(data.credentials) });
      }
      const { tag, coding, size } = data;
      const read = () =>
        new Promise<Uint8Array | undefined>((resolve) => {
          if (!isOpen) return resolve(undefined);
          wanted.set(id, resolve);
          post({ kind: "want", id });
        });
      post({ kind: "copy", id, copy: await this.#copy({ tag, coding, size, read }) });
    };
    return () => {
      isOpen = false;
      port.close();
      for (const resolve of wanted.values()) resolve(undefined);
    };
  }

  /**
   * Ends the Workers. Compressions are cancelled, and no answer gets a copy from now on: a server
   * that is stopping sends files uncompressed.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const job of [...this.#jobs.values()]) {
      const { work } = job;
      if (work !== undefined && !cancelWork(work)) killWork(work, "the server stops");
      this.#end(job, undefined);
    }
    this.#hashes.clear();
    for (const giveUp of this.#others) giveUp();
    if (this.#queue !== undefined) await destroyWorkqueue(this.#queue);
  }

  #copy(wanted: Wanted): Compressed | undefined | Promise<Compressed | undefined> {
    if (this.#isStopped) return undefined;
    const key = copyKey(wanted);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    let job = this.#jobs.get(key);
    if (job === undefined) {
      job = new Job(key, wanted);
      if (this.#hasRoom(job)) this.#start(job);
      // No answer may wait for it, so it is not queued.
      else if (this.#waiting >= this.#options.maxWaiting) return undefined;
      this.#jobs.set(key, job);
    }
    return this.#wait(job);
  }

  #hasRoom({ wanted: { size } }: Job): boolean {
    // One file is always accepted, however large.
    return this.#bytes === 0 || this.#bytes + size <= this.#options.maxBytes;
  }

  #start(job: Job): void {
    job.isStarted = true;
    this.#bytes += job.wanted.size;
    Promise.resolve(job.wanted.read()).then((bytes) => this.#encode(job, bytes));
  }

  #encode(job: Job, bytes: Uint8Array | undefined): void {
    // The job was given up while its bytes were being read.
    if (this.#jobs.get(job.key) !== job) return;
    if (bytes === undefined) return this.#end(job, undefined);
    job.work = new Work<EncodeData, Compressed>("compress", {
      bytes,
      coding: job.wanted.coding,
    }, {
      onResult: (copy) => {
        this.#kept.set(job.key, copy, { bytes: copy.bytes.length });
        this.#end(job, copy);
      },
      onError: ({ reason }) => {
        if (!this.#isStopped) {
          const outcome = "files are sent uncompressed";
          this.#faults.report("compress", `ktcp http: cannot compress: ${reason}; ${outcome}`);
        }
        this.#end(job, undefined);
      },
    });
    queueWork(this.#workqueue(), job.work);
  }

  #hash(file: FileVersion): Promise<string | undefined> {
    if (this.#files === undefined) return Promise.resolve(undefined);
    return this.#run<FileVersion, string | undefined>("hash", file, {
      what: "cannot hash a file",
      outcome: "its entity tag is valid on this machine only",
    });
  }

  #compare(comparison: Comparison): Promise<boolean | undefined> {
    return this.#run<Comparison, boolean>("comparePassword", comparison, {
      what: "cannot check a password",
      outcome: "the client is told to try again",
    });
  }

  /** Runs the item `func`. @returns its result; undefined when it fails, which is reported */
  #run<Data, Result>(
    func: string,
    data: Data,
    { what, outcome }: { what: string; outcome: string },
  ): Promise<Result | undefined> {
    if (this.#isStopped) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Result | undefined>();
    const work = new Work<Data, Result>(func, data, {
      onResult: resolve,
      onError: ({ reason }) => {
        if (!this.#isStopped) {
          this.#faults.report(func, `ktcp http: ${what}: ${reason}; ${outcome}`);
        }
        resolve(undefined);
      },
    });
    const giveUp = () => {
      if (!cancelWork(work)) killWork(work, "the server stops");
    };
    this.#others.add(giveUp);
    queueWork(this.#workqueue(), work);
    return promise.finally(() => this.#others.delete(giveUp));
  }

  #workqueue(): Workqueue {
    return this.#queue ??= createQueue(this.#files, this.#passwords !== undefined);
  }

  #end(job: Job, copy: Compressed | undefined): void {
    if (this.#jobs.get(job.key) !== job) return;
    this.#jobs.delete(job.key);
    if (job.isStarted) this.#bytes -= job.wanted.size;
    for (const settle of [...job.waiting]) settle(copy);
    if (!this.#isStopped) this.#startWaiting();
  }

  /** Starts waiting jobs in order, as far as there is room. */
  #startWaiting(): void {
    for (const job of this.#jobs.values()) {
      if (job.isStarted) continue;
      if (!this.#hasRoom(job)) return;
      this.#start(job);
    }
  }

  /** Waits for the copy; how long, and how many answers may wait, is bounded. */
  #wait(job: Job): undefined | Promise<Compressed | undefined> {
    const { maxWaiting, maxWaitMs } = this.#options;
    if (this.#waiting >= maxWaiting) return undefined;
    this.#waiting++;
    return new Promise((resolve) => {
      const settle = (copy: Compressed | undefined) => {
        clearTimeout(timer);
        job.waiting.delete(settle);
        this.#waiting--;
        resolve(copy);
        // A compression that has begun is finished and kept; one that has not is dropped.
        if (!job.isStarted && job.waiting.size === 0) this.#end(job, undefined);
      };
      const timer = setTimeout(settle, maxWaitMs, undefined);
      job.waiting.add(settle);
    });
  }
}

function createQueue(files: FilesPlace | undefined, hasPasswords: boolean): Workqueue {
  const maxWorkers = compressorWorkers() + (files === undefined ? 0 : HASH_WORKERS) +
    (hasPasswords ? PASSWORD_WORKERS : 0);
  const pools = new WorkerPools({
    entry: new URL("./compressor_worker.ts", import.meta.url),
    maxWorkers,
    minIdle: 0,
    ...(files !== undefined && { init: files, permissions: { read: [files.root] } }),
  });
  return allocWorkqueue("ktcp_compress", { flags: WQ_UNBOUND, maxActive: maxWorkers, pools });
}
