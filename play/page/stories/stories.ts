/** All stories, one for each lab. */
import { backlog } from "./labs/backlog.ts";
import { buffers } from "./labs/buffers.ts";
import { cost } from "./labs/cost.ts";
import { edge } from "./labs/edge.ts";
import { keepalive } from "./labs/keepalive.ts";
import { models } from "./labs/models.ts";
import { multiplex } from "./labs/multiplex.ts";
import { nagle } from "./labs/nagle.ts";
import { originals } from "./labs/originals.ts";
import { resets } from "./labs/resets.ts";
import { shutdown } from "./labs/shutdown.ts";
import { spawn } from "./labs/spawn.ts";
import { timeouts } from "./labs/timeouts.ts";
import { unbound } from "./labs/unbound.ts";
import { work } from "./labs/work.ts";
import { workqueue } from "./labs/workqueue.ts";
import type { Lab, Story } from "./story.ts";

export const STORIES: Readonly<Record<Lab, Story>> = {
  backlog,
  multiplex,
  edge,
  models,
  spawn,
  workqueue,
  unbound,
  work,
  buffers,
  keepalive,
  timeouts,
  nagle,
  resets,
  shutdown,
  cost,
  originals,
};
