/**
 * Exchanges two names as fast as it can, by renameat2(2) with RENAME_EXCHANGE. Is sent both paths and
 * a flag in shared memory; answers after the first exchange, and again when the flag has ended it.
 */
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

const libc = Deno.dlopen("libc.so.6", {
  renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32" },
});

const port = self as unknown as Worker;

port.onmessage = ({ data }: MessageEvent<{ paths: string[]; isOver: Int32Array }>) => {
  const { paths, isOver } = data;
  const [a, b] = paths.map((path) => new TextEncoder().encode(path + "\0"));
  const exchange = () => libc.symbols.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
  if (exchange() !== 0) throw new Error(`renameat2(${paths.join(", ")}) failed`);
  port.postMessage("exchanging");
  while (Atomics.load(isOver, 0) === 0) exchange();
  port.postMessage("over");
};
