/** ktcp's servers for experiments. */
import {
  type ServerCommand,
  type StartedServer,
  startServer,
} from "../../bench/processes/server.ts";
import { StartFailure } from "../../bench/processes/own_process.ts";
import { Failure } from "../shared/failure.ts";
import { selfCommand } from "../shared/self_command.ts";

/**
 * Starts `ktcp echo`, `ktcp http` or `ktcp original` with `args` on a free port.
 *
 * @throws {Failure} when it does not come up
 */
export async function startOwn(
  command: ServerCommand,
  args: readonly string[],
): Promise<StartedServer> {
  try {
    return await startServer(command, args, { self: selfCommand() });
  } catch (error) {
    throw error instanceof StartFailure ? new Failure(error.message) : error;
  }
}
