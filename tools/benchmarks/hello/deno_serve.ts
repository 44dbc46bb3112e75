/** "Hello World!" with `Deno.serve`, for comparison. Argument: port, 0 for any. */
Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
  onListen: ({ port }) => console.log(`listening on 127.0.0.1:${port}`),
}, () => new Response("Hello World!\n", { headers: { "content-type": "text/plain" } }));
