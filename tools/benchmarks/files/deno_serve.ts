/**
 * A file server with `Deno.serve`, as its documentation suggests, for comparison.
 * Arguments: port, directory.
 */
const [port, root] = Deno.args;

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: () => {} }, async (request) => {
  const file = await Deno.open(root + new URL(request.url).pathname);
  const { size } = await file.stat();
  const headers = { "content-length": `${size}`, "content-type": "application/octet-stream" };
  return new Response(file.readable, { headers });
});
