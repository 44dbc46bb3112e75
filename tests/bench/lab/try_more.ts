/** Says how many of some idle connections a server accepts: `try_more.ts PORT COUNT`. */
import { IdleConnections } from "../../../bench/lab/idle_connections.ts";

const [port, count] = Deno.args.map(Number);
const idle = new IdleConnections({ name: "t", hostname: "127.0.0.1", port }, { isReset: true });
console.log(await idle.tryMore(count, 300));
await idle.close();
