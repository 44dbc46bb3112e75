/** Runs nginx in a process of its own, for comparison with ktcp's servers. */
import { freePort, LOOPBACK } from "../../system/address.ts";
import { Process } from "../../system/process.ts";
import { sleep } from "../../system/wait.ts";
import { NGINX_HELLO, nginxConfig } from "./nginx_config.ts";
import { KEEP_CHARS, lastLineOf } from "./own_process.ts";
import { endServer, serverHandle, type StartedServer } from "./server.ts";

/** Where nginx may be; its folder is not on every user's PATH. */
const NGINX_PATHS = ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"];

/** Whether nginx is installed and can be run. */
export function hasNginx(): boolean {
  return NGINX_PATHS.some((path) => {
    try {
      return new Deno.Command(path, { args: ["-v"], stderr: "null" }).outputSync().success;
    } catch (error) {
      const { NotFound, NotCapable } = Deno.errors;
      if (error instanceof NotFound || error instanceof NotCapable) return false;
      throw error;
    }
  });
}

/** Attempts to start nginx, as the free port that was found may be taken before nginx listens. */
const NGINX_ATTEMPTS = 3;

/** Interval at which it is checked whether it listens, in ms. */
const POLL_MS = 20;

/** Starts nginx with `return 200` on a free port; a string says why it does not run. */
export async function startNginx(): Promise<StartedServer | string> {
  let reason = "";
  for (let attempt = 0; attempt < NGINX_ATTEMPTS; attempt++) {
    const folder = await Deno.makeTempDir({ prefix: "ktcp-lab-" });
    const port = freePort();
    const process = await spawnNginx(folder, port);
    if (process === null) {
      await Deno.remove(folder, { recursive: true });
      return "it is not installed";
    }
    const stop = async () => {
      await endServer(process, port);
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      return null;
    };
    if (await isListening(process, port)) {
      return { ...serverHandle(process, port), name: "nginx", stop };
    }
    await stop();
    reason = lastLineOf(process.err);
  }
  return `it does not start: ${reason}`;
}

async function spawnNginx(folder: string, port: number): Promise<Process | null> {
  const config = `${folder}/nginx.conf`;
  await Deno.writeTextFile(config, nginxConfig({ folder, port, server: NGINX_HELLO }));
  for (const path of NGINX_PATHS) {
    try {
      const command = [path, "-e", "stderr", "-p", folder, "-c", config];
      return new Process(command, { keepChars: KEEP_CHARS });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** Waits until a server listens on `port`, or `process` ends. */
async function isListening(process: Process, port: number): Promise<boolean> {
  let isOver = false;
  process.ended.then(() => isOver = true);
  while (!isOver) {
    try {
      (await Deno.connect({ hostname: LOOPBACK, port })).close();
      return true;
    } catch {
      await sleep(POLL_MS);
    }
  }
  return false;
}
