/** Large files that wait to be hashed: one at a time, as they compete for the disk. */
import type { FileVersion } from "../content_tags.ts";
import { factsKey } from "../etag.ts";
import { KnownTags } from "./known_tags.ts";

/** Most files that may wait; a file beyond that is queued again when it is next requested. */
const MAX_WAITING = 256;

/** A file to be hashed, and the callbacks that wait for its tag. */
interface Job {
  file: FileVersion;
  waiting: ((tag: string | undefined) => void)[];
}

/** Hashes each state of a file once, for all threads. */
export class HashQueue {
  readonly #hash: (file: FileVersion) => Promise<string | undefined>;
  readonly #known = new KnownTags();
  readonly #jobs = new Map<string, Job>();
  #isRunning = false;

  /** @param hash does the work; never rejects */
  constructor(hash: (file: FileVersion) => Promise<string | undefined>) {
    this.#hash = hash;
  }

  /** The tag, if it is known now. */
  get(file: FileVersion): string | undefined {
    return this.#known.get(file);
  }

  /**
   * Queues the file for hashing, unless it is queued already or too many wait. @returns its job, if
   * there is one
   */
  begin(file: FileVersion): Job | undefined {
    const key = factsKey(file.facts);
    let job = this.#jobs.get(key);
    if (job === undefined && this.#jobs.size < MAX_WAITING) {
      this.#jobs.set(key, job = { file, waiting: [] });
      this.#run();
    }
    return job;
  }

  /** The tag, as soon as it is known; undefined when the file is not hashed now. */
  async tag(file: FileVersion): Promise<string | undefined> {
    const known = this.#known.get(file);
    if (known !== undefined) return known;
    const job = this.begin(file);
    return job && await new Promise((resolve) => job.waiting.push(resolve));
  }

  /** Gives up all waiting jobs. */
  clear(): void {
    for (const { waiting } of this.#jobs.values()) waiting.forEach((tell) => tell(undefined));
    this.#jobs.clear();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (const [key, job] of this.#jobs) {
      const tag = await this.#hash(job.file);
      if (tag !== undefined) this.#known.set(job.file, tag);
      this.#jobs.delete(key);
      for (const tell of job.waiting) tell(tag);
    }
    this.#isRunning = false;
  }
}
